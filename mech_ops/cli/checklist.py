"""`mech checklist`: the guide's lists."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mech_ops.cli.shared import AsJson, Stack, app, console, errors

if TYPE_CHECKING:
    from mech_ops.checklist.model import Item

_RUNS = 20


@app.command()
def checklist(
    which: Annotated[str, typer.Argument(help="daily, weekly or monthly", metavar="LIST")],
    stack: Stack = None,
    as_json: AsJson = False,
    html: Annotated[Path | None, typer.Option("--html", help="write one self-contained page there, too")] = None,
    given: Annotated[Path | None, typer.Option("--from", help="a bundle that --save wrote; not noted")] = None,
    keep: Annotated[Path | None, typer.Option("--save", help="write what was seen there; without a secret")] = None,
    answer: Annotated[
        list[str] | None, typer.Option("--answer", help="ITEM=yes or ITEM=no, for what only a person knows")
    ] = None,
    runs: Annotated[bool, typer.Option("--history", help="show the last runs; nobody is asked")] = False,
) -> None:
    """Go through a list, each item checked: mech checklist weekly --answer backup=yes --html week.html

    Exit codes: 0 all ok, 1 it could not look, 2 something is wrong, skipped or not answered (the same with --json).
    Nothing is changed; each run is noted in $XDG_STATE_HOME/mech.
    """
    from mech_ops.checklist import command, history, page, report
    from mech_ops.diagnosis.page import keep as write
    from mech_ops.diagnosis.report import heard

    if runs:
        found = command.past(stack, which, _RUNS)
        if as_json:
            print(json.dumps([dataclasses.asdict(run) for run in found], indent=2))
        else:
            console.print(report.history(found) if found else f"no {which} run is noted for this stack")
        return

    answers = command.known(which, answer or ())
    seen = command.kept(given) if given else command.look(stack, which, heard(errors))
    if keep:
        seen.write(keep)
    able = sys.stdin.isatty() and not as_json
    about, past = command.go_through(which, seen, answers, _ask if able else lambda _: None)
    if as_json:
        print(report.as_json(about))
    else:
        console.print(report.text(about), soft_wrap=True)
    if not given:
        history.append(history.path(seen.declared["stack"]), about.run)
    if html:
        write(html, page.page(about, past))
    raise typer.Exit(about.exit_code)


def _ask(item: Item) -> bool | None:
    """Yes, no, or neither: who does not know presses Enter."""
    while True:
        said = str(typer.prompt(f"{item.asks} [yes/no, Enter: later]", default="", show_default=False, err=True))
        word = said.strip().lower()
        if word in ("", "y", "yes", "n", "no"):
            return None if not word else word[0] == "y"
