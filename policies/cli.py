"""`mech policy …`: the policies without an engine."""

from __future__ import annotations

import datetime
import getpass
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from policies.exceptions import Exceptions
    from policies.report import Verdict

app = typer.Typer(
    help="Judge a stack's program, or the state of a running stack, by the policies.", no_args_is_help=True
)


class Format(StrEnum):
    text = "text"
    json = "json"
    sarif = "sarif"


class AtLeast(StrEnum):
    critical = "critical"
    high = "high"
    medium = "medium"
    low = "low"


Form = Annotated[Format, typer.Option("--format", help="text for people, json for scripts, sarif for GitHub")]
Out = Annotated[Path | None, typer.Option("--output", "-o", help="a file in place of standard output")]
FailOn = Annotated[
    AtLeast | None,
    typer.Option("--fail-on", help="end with 2 from this severity on, whatever the rules' levels say"),
]
File = Annotated[
    Path | None,
    typer.Option("--exceptions", help="what is accepted, and until when; default: policies/exceptions.yaml"),
]
Stacks = Annotated[list[str] | None, typer.Option("--stack", "-s", help="repeat for several; default: prod")]


@app.command()
def check(
    stack: Stacks = None,
    form: Form = Format.text,
    output: Out = None,
    fail_on: FailOn = None,
    exceptions: File = None,
    hardening: Annotated[
        bool, typer.Option("--hardening", help="also what containers have by default and do not need")
    ] = False,
) -> None:
    """Config and program of a stack, under mocks: no root, no cloud. Exit codes: 0 good, 1 bad config, 2 refused.

    Where the stack's state can be read, also: would this program take data from what runs?

    Example: mech policy check --stack prod --fail-on high
    """
    from policies import report

    known, stacks = _known(exceptions), stack or ["prod"]
    verdicts = [verdict for name in stacks for verdict in _judged(name, known, form is Format.text, hardening)]
    _finish([*verdicts, *report.idle(stacks, known)], stacks, form, output, fail_on)


@app.command()
def state(
    file: Annotated[Path, typer.Argument(help="what `pulumi stack export` wrote")],
    form: Form = Format.text,
    output: Out = None,
    fail_on: FailOn = None,
    exceptions: File = None,
) -> None:
    """The state of a stack that runs. Exit codes: 0 good, 1 not a state, 2 it breaks a mandatory rule.

    Example: pulumi stack export --stack prod | mech policy state /dev/stdin
    """
    from policies import exported, mocked, report
    from policies.model import Stack

    known = _known(exceptions)
    try:
        resources = exported.from_state(file.read_text())
    except (OSError, mocked.ConfigProblem) as problem:
        raise _ended(f"{file}: {problem}") from None
    _finish(report.judge(file.stem, Stack(resources), known), [file.stem], form, output, fail_on)


@app.command()
def baseline(
    by: Annotated[str, typer.Option(help="who answers for it")] = "",
    until: Annotated[
        datetime.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="the last day; default: in 90 days")
    ] = None,
    stack: Stacks = None,
    exceptions: File = None,
) -> None:
    """Accept what a program has today, so that only what is new is refused: entries for policies/exceptions.yaml.

    For a team that takes the policies for a program of its own. Prints them; nothing is written.

    Example: mech policy baseline --by dana --until 2027-03-31 >> policies/exceptions.yaml
    """
    from policies import accepted as file
    from policies.exceptions import ENDED

    known = _known(exceptions)
    day = until.date() if until else datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=90)
    entries = []
    for name in stack or ["prod"]:
        found = ((v.rule, finding) for v in _judged(name, known) if v.rule is not ENDED for finding in v.findings)
        entries += file.baseline(name, found, by or getpass.getuser(), day)
    typer.echo(file.written(entries), nl=False)


@app.command()
def fix(
    stack: Annotated[str, typer.Option("--stack", "-s", help="whose file is changed")] = "prod",
    yes: Annotated[bool, typer.Option("--yes", help="write without asking")] = False,
    advice: Annotated[bool, typer.Option("--advice", help="also what is only advised against")] = False,
    exceptions: File = None,
) -> None:
    """Put right in Pulumi.STACK.yaml what has one right answer; shows the change first, and asks.

    Exit codes: 0 nothing is refused (any more), 1 bad config, 2 something is still refused, or nothing was written.

    Example: mech policy fix --stack prod
    """
    from policies import fixing, mocked, report

    path = mocked.ROOT / f"Pulumi.{stack}.yaml"
    verdicts = _judged(stack, _known(exceptions))
    try:
        change = fixing.fix(path, verdicts, advice)
    except (OSError, ValueError) as problem:
        raise _ended(f"{path.name}: {problem}") from None
    if not change.diff:
        typer.echo("nothing to fix here has one right answer only")
    else:
        typer.echo(change.diff, nl=False)
        if not yes and not (sys.stdin.isatty() and typer.confirm(f"write {path.name}?")):
            typer.echo("nothing was written (--yes writes without asking)")
            raise typer.Exit(2)
        path.write_text(change.after)
        typer.echo(f"{path.name}: set {', '.join(change.keys)}; next: pulumi preview")
        verdicts = _judged(stack, _known(exceptions))
    if report.refused(verdicts):
        typer.echo(report.as_text(verdicts, [stack], mocked.ROOT), nl=False)
        raise typer.Exit(2)


@app.command()
def explain(rule: Annotated[str, typer.Argument(help="the rule's id, as a refusal names it")]) -> None:
    """What a rule wants, what one would see without it, and how it is put right. Exit codes: 0, 1 for an unknown rule.

    Example: mech policy explain edge-ssl-off
    """
    import difflib

    from policies import docs
    from policies.rules import BY_ID

    if rule not in BY_ID:
        near = difflib.get_close_matches(rule, BY_ID, 3, 0.4)
        hint = f"; near: {', '.join(near)}" if near else ""
        raise _ended(f"there is no rule {rule!r}{hint} (docs/policies.md has them all)")
    typer.echo("\n".join(docs.entry(BY_ID[rule])).strip())


def _judged(name: str, known: Exceptions, speak: bool = False, hardening: bool = False) -> list[Verdict]:
    """What the rules and the guard say of a stack's program. Ends with 1 where its config is wrong."""
    from mech_infra.guard.program import Refused
    from policies import exported, mocked, report
    from policies.model import Stack
    from policies.rules import HARDENING, RULES

    running: Mapping[str, Any] | None = None
    try:
        running = exported.running(name)
    except exported.Unreadable as why:
        typer.echo(f"stack {name}: not compared with what runs: {why}", err=True)
    try:
        resources, stood_in = mocked.declare(name, running=running)
    except Refused as refused:
        return [report.losses(name, refused)]
    except mocked.ConfigProblem as problem:
        raise _ended(f"stack {name}: {problem}") from None
    if stood_in and speak:
        typer.echo(f"stack {name}: values stood in for, since they are secret: {', '.join(sorted(stood_in))}", err=True)
    return report.judge(name, Stack(resources), known, [*RULES, *HARDENING] if hardening else RULES)


def _known(file: Path | None) -> Exceptions:
    from policies.exceptions import FILE, Exceptions, load
    from policies.model import ExceptionsProblem
    from policies.rules import BY_ID

    if file is not None and not file.exists():
        raise _ended(f"{file} does not exist: is --exceptions right?")
    try:
        return Exceptions(load(file or FILE, BY_ID))
    except ExceptionsProblem as problem:
        raise _ended(str(problem)) from None


def _ended(text: str) -> typer.Exit:
    typer.echo(f"error: {text}", err=True)
    return typer.Exit(1)


def _finish(
    verdicts: list[Verdict], stacks: list[str], form: Format, output: Path | None, fail_on: AtLeast | None
) -> None:
    from policies import mocked, report

    text = {Format.text: report.as_text, Format.json: report.as_json, Format.sarif: report.as_sarif}[form](
        verdicts, stacks, mocked.ROOT
    )
    if output:
        output.write_text(text)
    else:
        typer.echo(text, nl=False)
    if report.refused(verdicts, fail_on.value if fail_on else None):
        raise typer.Exit(2)
