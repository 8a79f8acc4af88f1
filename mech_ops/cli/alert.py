"""`mech alert`: whoever is to know hears of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from mech_ops.cli.shared import AsJson, Stack, app, errors, say
from mech_ops.errors import FAILED, OK, OpsError

if TYPE_CHECKING:
    from mech_ops.alerts.settings import Settings


@app.command()
def alert(
    stack: Stack = None,
    as_json: AsJson = False,
    every: Annotated[
        float | None, typer.Option(min=10, help="go on until Ctrl-C: seconds between the end of a run and the next one")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what would be posted; post and note nothing")] = False,
    test: Annotated[
        bool, typer.Option("--test", help="post a message that says it is a test, and look at nothing")
    ] = False,
) -> None:
    """Post each new and each cleared cause once, to whom mech:ALERT_DESTINATIONS names: mech alert --every 30

    Off unless mech:alerts.enabled. A cause is told when two looks 10 s apart have it, again when it gets worse, and as cleared
    when two looks do not have it; what is muted is not told. What was told is kept in $XDG_STATE_HOME/mech; what nobody took
    waits there for the next run. Exit codes: 0 nothing is wrong, or alerts are off, 1 it could not look, or somebody was not
    told, 2 something is wrong, told now or before (the same with --json). Nothing is changed.
    """
    from mech_ops.alerts import command, settings

    found = settings.read(stack)
    if test:
        raise typer.Exit(_tested(stack, found, as_json))
    if not found.config.enabled and not dry_run:
        off = "alerts are off: mech:alerts.enabled"
        print(json.dumps({"exit_code": OK, "off": off}, indent=2)) if as_json else say(off)
        return
    code = _once(stack, found, as_json, dry_run, quiet=False)
    while every is not None:
        try:
            command.pause(every)
            code = _once(stack, found, as_json, dry_run, quiet=True)
        except OpsError as error:
            code = FAILED
            errors.print(f"could not look: {error}", markup=False, soft_wrap=True)
        except KeyboardInterrupt:
            break
    raise typer.Exit(code)


def _once(stack: str | None, found: Settings, as_json: bool, dry_run: bool, quiet: bool) -> int:
    """One run; a `quiet` one says nothing where there is nothing new."""
    from mech_ops import kept
    from mech_ops.alerts import command, report, seen, settings
    from mech_ops.diagnosis import command as diagnosis

    def look() -> seen.Seen:
        return seen.seen(diagnosis.again(stack), found.config.least)

    path = kept.place(f"alerts-{settings.name(stack)}.json")
    done = command.rehearse(look, path) if dry_run else command.run(look, settings.somebody(found), path)
    if as_json:
        print(report.as_json(done), flush=True)
    elif not quiet or done.news or done.failed:
        for line in report.lines(done, dry_run):
            say(line)
    return done.exit_code


def _tested(stack: str | None, found: Settings, as_json: bool) -> int:
    from mech_ops.alerts import command, settings

    some = settings.somebody(found)
    failed = command.try_out(settings.name(stack), some)
    code = FAILED if failed else OK
    if as_json:
        print(json.dumps({"exit_code": code, "failed": failed}, indent=2))
        return code
    for one in some:
        why = failed.get(one.name)
        say(f"destination {one.name}: " + (f"did not take it: {why}" if why else "took it"))
    return code
