"""Commands that bring a stack up, say how it is, and put it right: `mech status`, `diagnose`, `recover`, `up`, `drift` …"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from mech_ops.cli.shared import AsJson, Light, Stack, Verbose, app, console, errors
from mech_ops.errors import FOUND, OpsError

if TYPE_CHECKING:
    from mech_ops.status import Health

Service = Annotated[str, typer.Argument(help="one of the services, such as llm")]


@app.command()
def status(
    stack: Stack = None,
    as_json: AsJson = False,
    wait: Annotated[float, typer.Option(help="seconds to wait for all to be well")] = 0,
    timeout: Annotated[float, typer.Option(help="seconds for one answer; the edge's 522 takes 19")] = 25,
) -> None:
    """Ask every service for its health through the edge, and name the cause where one is not well. Exit code 2 unless all are ok."""
    from mech_ops import pulumi
    from mech_ops import status as services

    urls = pulumi.outputs(stack).get("service_urls")
    if not urls:
        raise OpsError("this stack has no service_urls: bring it up first (`pulumi up`, in the sandbox `make up`)")
    with errors.status("asking every service") as line:
        found = services.wait(urls, timeout, wait, lambda seconds, names: line.update(services.late(seconds, names)))
    if as_json:
        print(json.dumps([asdict(health) for health in found], indent=2))
    else:
        console.print(services.table(found))
    if all(health.ok for health in found):
        return
    if not as_json:
        _cause(stack, found)
    raise typer.Exit(FOUND)


def _cause(stack: str | None, found: list[Health]) -> None:
    """What `mech diagnose` names first, from the same answers: some seconds, and never in the way of the table."""
    from mech_ops.diagnosis import command, report

    try:
        with errors.status("looking for the cause"):
            diagnosis = command.explain(stack, found)
    except OpsError as error:
        errors.print(f"the cause could not be looked for: {error}", markup=False)
        return
    console.print(f"\n{report.headline(diagnosis)}", markup=False, soft_wrap=True)
    if diagnosis.named:
        console.print(f"fix: {diagnosis.named[0].fix}   (more: mech diagnose)", markup=False, soft_wrap=True)


@app.command(cls=Light)
def diagnose(
    stack: Stack = None,
    as_json: AsJson = False,
    html: Annotated[
        str | None, typer.Option("--html", metavar="<path>", help="write one self-contained page there, too")
    ] = None,
    given: Annotated[
        str | None, typer.Option("--from", metavar="<path>", help="a bundle that --save wrote: nobody is asked")
    ] = None,
    keep: Annotated[
        str | None, typer.Option("--save", metavar="<path>", help="write what was seen there; no secret stands in it")
    ] = None,
) -> None:
    """Look at everything at once and name the cause: mech diagnose --html now.html

    Exit codes: 0 all is well, 1 it could not look at all, 2 something is wrong (the same with --json).
    What is muted (mech mute) is shown and does not count. Nothing is changed.
    """
    from mech_ops import pulumi

    # The CLI takes half a second for them, and so do the modules below.
    begun = pulumi.exports(stack) if given is None else None
    from mech_ops.diagnosis import command, report

    found = command.diagnose(stack, _path(given), _path(keep), errors, begun)
    if as_json:
        print(report.as_json(found))
    else:
        console.print(report.text(found), soft_wrap=True)
    if at := _path(html):
        from mech_ops.diagnosis import page

        page.keep(at, page.page(found))
    raise typer.Exit(found.exit_code)


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)


Every = Annotated[float, typer.Option("--every", min=2, help="seconds between two looks")]


@app.command()
def watch(stack: Stack = None, every: Every = 15) -> None:
    """The diagnosis again and again, in this terminal: mech watch --every 10. Ctrl-C ends it, with the last one's exit code."""
    from mech_ops.diagnosis import command, live

    raise typer.Exit(live.watch(partial(command.again, stack), every, console))


@app.command()
def serve(
    stack: Stack = None, every: Every = 15, port: Annotated[int, typer.Option(help="on this machine's loopback")] = 8765
) -> None:
    """The same as a page that updates itself, on this machine only: mech serve --port 8765. Exit code 1 if it cannot begin."""
    from mech_ops.diagnosis import command, live

    live.serve(partial(command.again, stack), port, every, console)


@app.command()
def recover(
    stack: Stack = None,
    as_json: AsJson = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what would be done")] = False,
    force: Annotated[bool, typer.Option("--force", help="also take the lock from a process that may live")] = False,
    reboot: Annotated[bool, typer.Option("--reboot", help="restart a host that runs and does not answer SSH")] = False,
) -> None:
    """Put a stack right after `pulumi up` was killed, or the host halted or lost, so that the next `pulumi up` works."""
    from mech_ops import recover as recovery

    done = recovery.recover(stack, dry_run, force, reboot)
    if as_json:
        print(json.dumps([{"what": what, "done": how} for what, how in done], indent=2))
    elif not done:
        console.print("nothing to recover")
    else:
        table = Table(box=None, pad_edge=False)
        table.add_column("found")
        table.add_column("now")
        for what, how in done:
            table.add_row(what, how)
        console.print(table)


@app.command("trust-host-key")
def trust_host_key(
    host: Annotated[str | None, typer.Argument(help="of a fleet, such as mech-w1; default: the first one")] = None,
    stack: Stack = None,
    fingerprint: Annotated[
        str | None, typer.Option(help="what the console shows, SHA256:…; nobody is asked then")
    ] = None,
) -> None:
    """Trust the host's new SSH key, after you compared it at Vultr's console: mech trust-host-key --stack prod"""
    from mech_ops import host_key

    if fingerprint is None and not sys.stdin.isatty():
        raise OpsError("nobody can be asked here, and nothing was changed; --fingerprint says what the console shows")
    say = partial(console.print, markup=False, soft_wrap=True)
    if host_key.trust(stack, fingerprint, lambda question: str(typer.prompt(question, err=True)), say, host):
        console.print("trusted. Next: mech drift")
    else:
        console.print("the host shows the key that the stack remembers: nothing was changed")


@app.command()
def up(stack: Stack = None, verbose: Verbose = False) -> None:
    """Run `pulumi up`: one live line a phase, then what changed; the engine's own words when it fails (exit code 1)."""
    from mech_ops import up as ups

    ups.up(stack, console, verbose)


@app.command()
def drift(
    stack: Stack = None,
    form: Annotated[str, typer.Option("--format", "-f", help="text, json or markdown")] = "text",
    output: Annotated[Path | None, typer.Option(help="write the report there, too")] = None,
    put_right: Annotated[bool, typer.Option("--repair", help="run `pulumi up` where it only puts drift right")] = False,
    verbose: Verbose = False,
) -> None:
    """Say what is not as declared, and what `pulumi up` would do about it. Exit code 2 if there is anything (left).

    Nothing is repaired unless asked, and then only when the program has no change that was not applied yet.
    What is not ours, or ours and not well, is told and does not change the exit code.
    """
    from mech_ops.drift import check, render, repair

    if form not in render.FORMATS:
        raise OpsError(f"--format {form}: one of {', '.join(render.FORMATS)}")
    with errors.status("asking the host and the clouds what is there (about 10 s)"):
        report = check.check(stack)
    if put_right:
        report = repair.repair(stack, report, errors, verbose)
    text = render.render(report, form)
    print(text)
    if output:
        try:
            output.write_text(text + "\n")
        except OSError as error:
            raise OpsError(f"the report cannot be written to {output}: {error.strerror}") from None
    raise typer.Exit(report.exit_code)


@app.command()
def preflight(stack: Stack = None, as_json: AsJson = False) -> None:
    """Check what can be checked before the first `pulumi up`, and change nothing. Exit code 2 unless all is ok.

    What could not be looked at is said, and is not ok.
    """
    from mech_ops.preflight import look

    with errors.status("asking the state backend, the clouds and the registries (some seconds)"):
        name, rows = look.look(stack)
    if as_json:
        print(look.as_json(rows))
    else:
        console.print(look.as_table(name, rows))
    raise typer.Exit(look.exit_code(rows))


@app.command()
def history(service: Service, stack: Stack = None, as_json: AsJson = False) -> None:
    """Say which versions of a service ran when, newest first, and which one serves now."""
    from mech_ops.versions import going_back, words

    found = going_back.look(stack, service)
    if as_json:
        print(json.dumps(words.rows(found), indent=2))
    elif not found.versions:
        console.print(f"no version of {service} was ever brought up on this stack")
    else:
        console.print(words.table(found))
    if found.unread:
        errors.print(f"{found.unread} updates are left out: this program does not understand their config any more")


@app.command()
def rollback(
    service: Service,
    to: Annotated[int | None, typer.Option("--to", help="a number of `mech history`; default: the one before")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="do not ask")] = False,
    stack: Stack = None,
) -> None:
    """Return a service to a version that served: changes the stack's config, then runs `pulumi up`."""
    from mech_ops.versions import going_back

    begin = time.monotonic()
    plan = going_back.plan(stack, service, to)
    console.print(plan.words(), soft_wrap=True, markup=False)
    if not yes:
        if not sys.stdin.isatty():
            raise OpsError("nobody can be asked here, and nothing was changed; with --yes it goes ahead")
        if not typer.confirm("Go ahead?", err=True):
            raise OpsError("nothing was changed")
        begin = time.monotonic()
    times = going_back.carry_out(stack, plan, begin, errors)
    console.print(times.words(plan), soft_wrap=True, markup=False)
