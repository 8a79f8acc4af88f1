"""The command `mech checklist`."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from mech_ops.errors import OpsError

if TYPE_CHECKING:
    from mech_ops.checklist.model import Item

console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
errors = Console(stderr=True, highlight=False)
_RUNS = 20


def checklist(
    which: Annotated[str, typer.Argument(help="daily, weekly or monthly", metavar="LIST")],
    stack: Annotated[str | None, typer.Option("--stack", "-s", help="the stack; default: the selected one")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="for scripts; nobody is asked")] = False,
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

    if runs:
        found = command.past(stack, which, _RUNS)
        if as_json:
            print(json.dumps([dataclasses.asdict(run) for run in found], indent=2))
        else:
            console.print(report.history(found) if found else f"no {which} run is noted for this stack")
        return

    def heard(source: str, seconds: float, silent: str) -> None:
        said = f"says nothing: {silent}" if silent else "looked at"
        errors.print(f"{source} {said} ({seconds:.1f} s)", style="dim", markup=False)

    answers = command.known(which, answer or ())
    seen = command.kept(given) if given else command.look(stack, which, heard)
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
        try:
            html.write_text(page.page(about, past), encoding="utf-8")
        except OSError as error:
            raise OpsError(f"the page cannot be written to {html}: {error.strerror}") from None
    raise typer.Exit(about.exit_code)


def _ask(item: Item) -> bool | None:
    """Yes, no, or neither: who does not know presses Enter."""
    while True:
        said = str(typer.prompt(f"{item.asks} [yes/no, Enter: later]", default="", show_default=False, err=True))
        word = said.strip().lower()
        if word in ("", "y", "yes", "n", "no"):
            return None if not word else word[0] == "y"
