"""`mech policy …`: the policies without an engine."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Judge a stack's program, or the state of a running stack, by the policies.", no_args_is_help=True
)


class Format(StrEnum):
    text = "text"
    json = "json"
    sarif = "sarif"


Form = Annotated[Format, typer.Option("--format", help="text for people, json for scripts, sarif for GitHub")]
Out = Annotated[Path | None, typer.Option("--output", "-o", help="a file in place of standard output")]


@app.command()
def check(
    stack: Annotated[list[str] | None, typer.Option("--stack", "-s", help="repeat for several; default: prod")] = None,
    form: Form = Format.text,
    output: Out = None,
) -> None:
    """Config and program of a stack, under mocks: no root, no cloud. Exit codes: 0 good, 1 bad config, 2 refused.

    Where the stack's state can be read, also: would this program take data from what runs?
    """
    from mech_infra.guard.program import Refused
    from policies import exported, mocked, report
    from policies.model import Stack

    stacks = stack or ["prod"]
    verdicts = []
    for name in stacks:
        running = None
        try:
            running = exported.running(name)
        except exported.Unreadable as why:
            typer.echo(f"stack {name}: not compared with what runs: {why}", err=True)
        try:
            resources, stood_in = mocked.declare(name, running=running)
        except Refused as refused:
            verdicts.append(report.losses(name, refused))
            continue
        except mocked.ConfigProblem as problem:
            typer.echo(f"error: stack {name}: {problem}", err=True)
            raise typer.Exit(1) from None
        if stood_in and form is Format.text:
            typer.echo(
                f"stack {name}: values stood in for, since they are secret: {', '.join(sorted(stood_in))}", err=True
            )
        verdicts += report.judge(name, Stack(resources))
    _finish(verdicts, stacks, form, output)


@app.command()
def state(
    file: Annotated[Path, typer.Argument(help="what `pulumi stack export` wrote")],
    form: Form = Format.text,
    output: Out = None,
) -> None:
    """The state of a stack that runs. Exit codes: 0 good, 1 not a state, 2 it breaks a mandatory rule."""
    from policies import exported, mocked, report
    from policies.model import Stack

    try:
        resources = exported.from_state(file.read_text())
    except (OSError, mocked.ConfigProblem) as problem:
        typer.echo(f"error: {file}: {problem}", err=True)
        raise typer.Exit(1) from None
    _finish(report.judge(file.stem, Stack(resources)), [file.stem], form, output)


def _finish(verdicts: list, stacks: list[str], form: Format, output: Path | None) -> None:  # type: ignore[type-arg]
    from policies import report

    text = {Format.text: report.as_text, Format.json: report.as_json, Format.sarif: report.as_sarif}[form](
        verdicts, stacks
    )
    if output:
        output.write_text(text)
    else:
        typer.echo(text, nl=False)
    if report.refused(verdicts):
        raise typer.Exit(2)
