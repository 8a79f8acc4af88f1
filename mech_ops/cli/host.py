"""Commands that look at what runs on the host, and restart it: `mech ps`, `logs`, `ssh`, `restart`, `queue`."""

from __future__ import annotations

import datetime as dt
import signal
import sys
from typing import Annotated

import typer

from mech_ops.cli.shared import AsJson, Stack, app, console, errors, say

Name = Annotated[str, typer.Argument(help="a service such as llm, or redis, mongodb")]


@app.command()
def ps(stack: Stack = None, as_json: AsJson = False) -> None:
    """Say how each service and database runs: mech ps --json

    Exit codes: 0 all run, 1 the host or its Docker could not be asked, 2 one is missing, stopped or unhealthy (the same with
    --json). Nothing is changed.
    """
    from mech_ops.everyday import ps as containers

    with errors.status("asking the host"):
        found = containers.look(stack)
    if as_json:
        print(containers.as_json(found))
    else:
        console.print(containers.table(found, dt.datetime.now(dt.UTC)))
        for said in containers.wrong(found):
            say(f"{said}. Next: mech diagnose")
    raise typer.Exit(containers.exit_code(found))


@app.command()
def logs(
    name: Annotated[str, typer.Argument(help="a service such as llm, or redis, mongodb, nginx")],
    since: Annotated[str | None, typer.Option(help="no older than that: 30s, 10m, 4h, 2d")] = None,
    tail: Annotated[int, typer.Option(help="so many lines at the end of each container's log")] = 100,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="go on as lines come, until Ctrl-C")] = False,
    stack: Stack = None,
) -> None:
    """Say what a service, database or nginx logged, without secrets: mech logs llm --since 10m --follow

    Each line stands behind its container's name (of nginx: its file's). Exit codes: 0 done, 1 it could not be read. Nothing
    is changed.
    """
    from mech_ops.everyday import logs as all_logs

    # Whoever ends us, such as timeout(1), ends what runs on the host, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    all_logs.show(stack, name, since, tail, follow, lambda line: print(line, flush=follow))


@app.command()
def ssh(
    command: Annotated[list[str] | None, typer.Argument(help="after --; without one: a shell")] = None,
    stack: Stack = None,
) -> None:
    """A shell on the host, or one command there: mech ssh -- docker ps

    Of a fleet on its first host, unless another one is named first: mech ssh mech-w1 -- docker ps
    Exit codes: the command's own; 255 when ssh failed, 1 when there is no host. What you change by hand is drift: mech drift.
    """
    from mech_ops.everyday import ssh as shell

    words = command or []
    terminal = sys.stdin.isatty() and (not words or sys.stdout.isatty())
    raise typer.Exit(shell.run(stack, words, terminal))


@app.command()
def restart(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="also a database")] = False,
    stack: Stack = None,
) -> None:
    """Restart a service gracefully, one replica after the other: mech restart llm

    What visitors notice is said first. The containers stay the same ones, so nothing drifts. Exit codes: 0 all are well
    again, 1 it was not done, or one is not well in time (the others are left alone then).
    """
    from mech_ops.everyday import restart as restarting

    restarting.restart(stack, name, yes, say)


queue = typer.Typer(invoke_without_command=True)
app.add_typer(queue, name="queue")


@queue.callback()
def jobs(context: typer.Context, stack: Stack = None, as_json: AsJson = False) -> None:
    """Say how many jobs wait and are at work, and whether they are stuck: mech queue --json

    Exit codes: 0 they move, 1 the host could not be asked, 2 they are stuck, or the queue does not answer (the same with
    --json). Nothing is changed.
    """
    context.obj = stack
    if context.invoked_subcommand:
        return
    from mech_ops.everyday import queue as jobs

    with errors.status("asking the queue"):
        found = jobs.look(stack)
    if as_json:
        print(found.as_json())
    else:
        say(found.words())
    raise typer.Exit(found.exit_code)


@queue.command()
def requeue(context: typer.Context, stack: Stack = None) -> None:
    """Have jobs at work given back, by restarting the queue gracefully: mech queue requeue

    No job is deleted (the guide's flushall deletes them all). Exit codes: 0 done, 1 it was not done, or the queue is not well.
    """
    from mech_ops.everyday import queue as jobs

    jobs.requeue(stack or context.obj, say)
