"""`mech restore`: a snapshot is looked at, tried in containers without a network, or put into what serves."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mech_infra.backup import selecting
from mech_infra.backup.words import LIVE
from mech_infra.commands.backup import PROGRAM
from mech_ops import stack_config
from mech_ops.backup import command
from mech_ops.backup.command import Asked
from mech_ops.backup.moment import moment
from mech_ops.errors import OpsError
from mech_ops.everyday import platform
from mech_ops.everyday.platform import Json

# What a killed restore has stopped is started by systemd; the one who asked may be gone, and it goes on.
_MEND = f"{PROGRAM} --wire --wait {command.WAIT_S} mend"
_AGAIN = "the same command again; mech diagnose"


@dataclass(frozen=True)
class Wanted:
    """What of which snapshot, in the host's words."""

    at: str
    only: tuple[str, ...]

    @property
    def words(self) -> list[str]:
        return [*(["--at", self.at] if self.at else []), *(word for one in self.only for word in ("--only", one))]


def wanted(at: str, only: Sequence[str]) -> Wanted:
    """Raises OpsError."""
    try:
        chosen = selecting.selection(only)
    except ValueError as error:
        raise OpsError(f"--only {error}") from None
    return Wanted(moment(at, dt.datetime.now(dt.UTC)), tuple(chosen.words()))


def scratch(
    stack: str | None, what: Wanted, keep_min: float, step: Callable[[str], None], ready: Callable[[Json], None]
) -> Asked:
    """Started and compared on the host; `ready` hears of it, and it goes at the end. Raises OpsError."""
    words = ["--wait", str(command.WAIT_S), "restore-scratch", "--keep", str(keep_min * 60), *what.words]
    return command.ask(stack, words, step, ready)


def look(stack: str | None, what: Wanted, step: Callable[[str], None]) -> Asked:
    """What a restore would overwrite, and with what. Raises OpsError."""
    _one_host(stack)
    stack_config.nobody_at_work(stack)
    return command.ask(stack, ["--wait", str(command.WAIT_S), "look", *what.words], step)


def live(stack: str | None, what: Wanted, snapshot: str, with_backup: bool, step: Callable[[str], None]) -> Asked:
    """The snapshot of this id into what serves. Raises OpsError; what was begun goes on on the host all the same."""
    _one_host(stack)
    stack_config.nobody_at_work(stack)
    by = ["systemd-run", "--quiet", "--pipe", "--wait", "--collect", f"--unit=mech-restore-{secrets.token_hex(4)}",
          f"--property=ExecStopPost={_MEND}", "--property=TimeoutStopSec=600"]  # fmt: skip
    words = ["--wait", str(command.WAIT_S), LIVE, *Wanted(snapshot, what.only).words]
    return command.ask(stack, [*words, *([] if with_backup else ["--without-backup"])], step, by=by, then=_AGAIN)


def _one_host(stack: str | None) -> None:
    """Raises OpsError in a fleet: what its swarm runs nobody stops here, and it would write into databases that are overwritten."""
    if platform.read(stack).is_fleet:
        raise OpsError(
            "nothing was restored: --into live stops the services of one host, and this stack is a fleet. Back to one host first "
            "(mech:fleet.workers 0, managers 1; mech up), or into scratch"
        )


def meant(name: str, typed: str | None) -> None:
    """Raises OpsError where somebody means another stack, or nothing."""
    if typed != name:
        said = f"{typed!r} is not this stack's name" if typed else "no name was typed"
        raise OpsError(f"nothing was restored: {said}; this is {name}, and --yes-i-mean {name} says so")
