"""`mech heal`: what is ill is restarted, and only that."""

from __future__ import annotations

from typing import Annotated

import typer

from mech_ops.cli.shared import AsJson, Stack, app, console, errors, say


@app.command()
def heal(
    stack: Stack = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what would be done, and do nothing")] = False,
    as_json: AsJson = False,
    log: Annotated[bool, typer.Option("--log", help="what was done before, by whom and why; heals nothing")] = False,
    tail: Annotated[int, typer.Option(min=1, help="with --log: so many of the last entries")] = 30,
) -> None:
    """Restart what is ill, and only that: mech heal --dry-run

    Containers that are unhealthy, stopped or paused, the databases and critical ones first, with a back-off and limits
    (mech:heal); not one that is healthy, not ours or in a rollout, and not where the cause is elsewhere, which is said. A full
    disk: logs of containers are cut, images without a name removed; never data. The host notes all of it (--log). In a fleet
    the databases' alone: what the swarm runs, it heals itself.

    Exit codes: 0 nothing was ill, or all is well again; 1 the host could not be asked, or somebody else is at work; 2 something
    is wrong that it will not or could not heal, with --dry-run also what it would heal (the same with --json). --log: 0 or 1.
    """
    from mech_ops.heal import command, report
    from mech_ops.heal import log as noted

    if log:
        records = noted.read(stack, tail)
        if as_json:
            print(report.log_as_json(records))
        else:
            console.print(report.log(records) if records else "the healer did nothing on this host yet")
        return
    with errors.status("asking the host"):
        found = command.heal(stack, dry_run, lambda kind, record: None if as_json else say(report.line(kind, record)))
    if as_json:
        print(report.as_json(found, dry_run))
    else:
        say(report.summary(found, dry_run))
    raise typer.Exit(found.exit_code)
