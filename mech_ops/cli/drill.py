"""`mech drill`: the disaster exercise."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from mech_ops.cli.shared import AsJson, Stack, app, console, errors, say
from mech_ops.errors import OpsError


@app.command()
def drill(
    stack: Stack = None,
    mean: Annotated[str | None, typer.Option("--yes-i-mean", help="the stack's name; nobody is asked then")] = None,
    clean: Annotated[
        bool, typer.Option("--clean", help="remove what exercises left that were killed; begins none")
    ] = False,
    past: Annotated[bool, typer.Option("--history", help="the exercises before; begins none")] = False,
    html: Annotated[
        Path | None, typer.Option("--html", help="write one self-contained page of all exercises there")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The disaster exercise, beside what runs: mech drill --html drills.html

    A second host from nothing, by the same program and a state of its own, with the newest snapshot's data; no name leads to it,
    and its services are asked on the host itself. Measured against mech:backup.rtoMinutes and rpoHours, then everything is
    removed again. What runs is not touched. It orders an instance at Vultr: the price is said before, and the stack's name is asked
    for. Each is noted in $XDG_STATE_HOME/mech.

    Exit codes: 0 well, in time and fresh enough; 1 it could not be done; 2 too late, too old, or a service is not well (the same
    with --json).
    """
    from mech_ops.alerts import settings
    from mech_ops.diagnosis.page import keep
    from mech_ops.drill import command, history, page, report

    if clean:
        removed = command.clean(say)
        say(f"removed: {', '.join(removed)}" if removed else "nothing is left of an exercise")
        return
    name = settings.name(stack)
    noted = history.path(name)
    code = 0
    if past:
        found = history.read(noted)
        if as_json:
            print(report.history_as_json(found))
        else:
            console.print(report.table(found) if found else "no exercise is noted for this stack")
    else:
        code = _run(stack, name, mean, as_json)
    if html:
        keep(html, page.page(name, history.read(noted)))
    raise typer.Exit(code)


def _run(stack: str | None, name: str, mean: str | None, as_json: bool) -> int:
    from mech_ops import api
    from mech_ops.drill import command, history, report

    # As Ctrl-C: what was made is removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    plan = command.planned(stack, name)
    errors.print(f"This makes {command.price(plan)}.", markup=False, soft_wrap=True)
    _asked(name, mean, elsewhere=api.elsewhere(), silent=as_json)
    found = command.run(plan, errors, lambda says: errors.print(says, markup=False, soft_wrap=True))
    history.append(history.path(name), found)
    if as_json:
        print(report.as_json(found))
    else:
        for line in report.lines(found):
            say(line)
    return report.exit_code(found)


def _asked(name: str, mean: str | None, elsewhere: bool, silent: bool) -> None:
    """Raises OpsError where nobody says that it is meant; nothing is ordered at a sandbox's clouds."""
    if mean is None and elsewhere:
        return
    if mean is None and (silent or not sys.stdin.isatty()):
        raise OpsError(f"nothing was begun: nobody can be asked here; --yes-i-mean {name} says that it is meant")
    typed = mean if mean is not None else str(typer.prompt("The stack's name, if it is meant", err=True)).strip()
    if typed != name:
        raise OpsError(f"nothing was begun: {typed!r} is not this stack's name, which is {name}")
