"""One run of mech-backup on the host: one SSH trip, which ends by itself when the host goes silent."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from mech_infra.backup.onhost import MARK
from mech_infra.commands.backup import PROGRAM
from mech_ops import host_shell
from mech_ops.errors import FAILED, OpsError
from mech_ops.everyday import platform
from mech_ops.everyday.platform import Json

# It says every three seconds that it is alive.
_QUIET_S = 20
_NO_PROGRAM = 127
WAIT_S = 3600  # for another run there, as the host's own timers wait for each other


@dataclass
class Asked:
    """How it ended on the host: `result` as mech_infra.backup gives it, `code` and `says` where it failed."""

    exit_code: int = FAILED
    result: Json = field(default_factory=dict)
    code: str = ""
    says: str = ""


def ask(
    stack: str | None,
    words: Sequence[str],
    step: Callable[[str], None],
    ready: Callable[[Json], None] = lambda result: None,
    by: Sequence[str] = (),
    then: str = "mech backup list",
) -> Asked:
    """Each step is said as it begins; `ready` hears a result that is held there for a while. `by`: what runs it on the host.

    Raises OpsError where the host cannot be asked, or it broke off; `then` is what to do next.
    """
    there = platform.read(stack)
    found, wrong, done = Asked(), "", False

    def hear(line: str) -> None:
        nonlocal wrong, done
        if not line.startswith(MARK):
            wrong = there.hidden(line).strip() or wrong
            return
        record = json.loads(line.removeprefix(MARK))
        kind = record.pop("kind")
        if kind == "progress":
            step(there.hidden(record["says"]))
        elif kind == "ready":
            ready(record["result"])
        elif kind == "failed":
            found.code, found.says = record["code"], there.hidden(record["says"])
        elif kind == "end":
            found.exit_code, found.result, done = record["code"], record["result"], True

    # 255, as systemd-run ends with for one that was killed, is ssh's own word.
    text = f"{shlex.join([*by, PROGRAM, '--wire', *words])} 2>&1{' || exit 1' if by else ''}"
    code = host_shell.lines(there.state, there.address, text, hear, _QUIET_S)
    if code == _NO_PROGRAM:
        raise OpsError(
            "there are no backups on this host: set mech:backup.enabled and mech:backup.repository (docs/backups.md), then mech up"
        )
    if not done:
        raise OpsError(f"host {there.address} broke off: {wrong or f'its program ended with {code}'}. Next: {then}")
    return found
