"""`mech restore`: a snapshot, tried beside what serves, or put into it."""

from __future__ import annotations

import signal
import sys
import time
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from mech_ops.cli.shared import AsJson, Stack, app, console, errors, say
from mech_ops.errors import OpsError

if TYPE_CHECKING:
    from mech_ops.backup.restore import Wanted


@app.command()
def restore(
    at: Annotated[
        str,
        typer.Option(
            help="'2026-11-27 03:00' (UTC), yesterday, 6h (not younger), or a snapshot's id; default: the newest"
        ),
    ] = "",
    only: Annotated[
        list[str] | None,
        typer.Option(
            help="mongodb.mech.jobs, mongodb.mech, mongodb, redis or files; more than once; default: both databases"
        ),
    ] = None,
    into: Annotated[
        Literal["scratch", "live"], typer.Option(help="containers without a network, or what serves")
    ] = "scratch",
    keep: Annotated[float, typer.Option(min=0, max=55, help="scratch: minutes until it goes")] = 0,
    mean: Annotated[
        str | None, typer.Option("--yes-i-mean", help="live: the stack's name; nobody is asked then")
    ] = None,
    without_backup: Annotated[
        bool, typer.Option("--without-backup", help="live: what is there is not worth a backup first")
    ] = False,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Restore a snapshot, by default beside what serves: mech restore --at 6h --only mongodb.mech.jobs

    Into scratch it is started in containers without a network, compared with its manifest and shown beside what is there now;
    nothing that serves is touched. Into live it takes the place of what is there: all of it is fetched and compared first, what
    is there is backed up, services that write to it are stopped and started again in order. Collections that the snapshot does
    not have stay.

    Exit codes: 0 done; 1 not done, and the sentence says in what state the data are; 2 the snapshot is bad or missing, or
    a service is not well after it (the same with --json).
    """
    from mech_ops.backup import restore as restoring

    what = restoring.wanted(at, only or ())
    code = (
        _scratch(stack, what, keep, as_json)
        if into == "scratch"
        else _live(stack, what, mean, not without_backup, as_json)
    )
    raise typer.Exit(code)


def _scratch(stack: str | None, what: Wanted, keep: float, as_json: bool) -> int:
    from mech_ops.backup import report, restored
    from mech_ops.backup import restore as restoring
    from mech_ops.backup.command import Asked

    # Whoever ends us ends what runs on the host, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with errors.status("asking the host") as status:

        def ready(found: dict[str, Any]) -> None:
            if as_json:
                print(report.as_json(Asked(0, found)), flush=True)
                return
            _show(found)
            for line in restored.tried(found, keep):
                say(line)
            sys.stdout.flush()  # who reads a pipe is to know now, and not when it is over
            status.update("kept" if keep else "it is taken away")

        found = restoring.scratch(stack, what, keep, status.update, ready)
    if found.says:
        print(report.as_json(found)) if as_json else say(found.says)
    return found.exit_code


def _live(stack: str | None, what: Wanted, mean: str | None, with_backup: bool, as_json: bool) -> int:
    from mech_ops.alerts import settings
    from mech_ops.backup import report, restored
    from mech_ops.backup import restore as restoring

    name = settings.name(stack)
    if mean is not None:
        restoring.meant(name, mean)
    elif as_json or not sys.stdin.isatty():
        raise OpsError(
            f"nothing was restored: nobody can be asked here; --yes-i-mean {name} says that this stack is meant"
        )
    with errors.status("asking the host") as status:
        found = restoring.look(stack, what, status.update)
    if not found.says:
        _show(found.result, to=errors if as_json else console)
        for line in restored.warning(found.result, name, with_backup):
            errors.print(line, markup=False, soft_wrap=True)
        if mean is None:
            restoring.meant(name, str(typer.prompt("The stack's name, if it is meant", err=True)).strip())
        snapshot = found.result["snapshot"]["id"]
        found = restoring.live(
            stack, what, snapshot, with_backup, lambda says: errors.print(says, markup=False, soft_wrap=True)
        )
    if as_json:
        print(report.as_json(found))
        return found.exit_code
    for line in [found.says] if found.says else restored.done(found.result):
        say(line)
    return found.exit_code


def _show(found: dict[str, Any], to: Any = console) -> None:
    from mech_ops.backup import restored

    to.print(restored.title(found, time.time()), markup=False, soft_wrap=True)
    if found["note"]:
        to.print(found["note"], markup=False, soft_wrap=True)
    to.print(restored.table(found))
