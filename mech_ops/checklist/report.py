"""A list that was gone through, said: one sentence first, then each item with its evidence and what to do."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Group
from rich.markup import escape
from rich.table import Table

from mech_ops.checklist.history import Run
from mech_ops.checklist.model import ITEMS, Checked, Item, State
from mech_ops.diagnosis.page import visible
from mech_ops.diagnosis.ranking import Diagnosis
from mech_ops.errors import FOUND, OK

Json = dict[str, Any]
ORDER: tuple[State, ...] = ("wrong", "ask", "skipped", "ok")
_COLOURS = {"ok": "green", "wrong": "red", "skipped": "yellow", "ask": "cyan"}
_WORDS = {"ok": "ok", "wrong": "wrong", "skipped": "skipped", "ask": "to be answered"}
_EVIDENCE = 6  # lines of it that a terminal shows; of what is ok, the first


@dataclass(frozen=True)
class Row:
    item: Item
    checked: Checked
    answer: str = ""  # yes or no, of a person

    @property
    def do(self) -> str:
        """What is to be done; empty for what is well, and what was skipped mends itself with its reason."""
        if self.checked.state == "ask":
            return f"{self.item.asks} mech checklist {self.item.which} --answer {self.item.key}=yes (or no)"
        return self.checked.do or self.item.do if self.checked.state == "wrong" else ""


@dataclass(frozen=True)
class Report:
    which: str
    found: Diagnosis
    rows: Sequence[Row]
    run: Run

    @property
    def exit_code(self) -> int:
        return exit_code(self.rows)


def exit_code(rows: Sequence[Row]) -> int:
    return OK if all(row.checked.state == "ok" for row in rows) else FOUND


def headline(report: Report) -> str:
    counts = Counter(row.checked.state for row in report.rows)
    said = ", ".join(f"{counts[state]} {_WORDS[state]}" for state in ORDER if counts[state] and state != "ok")
    well = f"{counts['ok']} of {len(report.rows)} items of the {report.which} list are ok"
    return f"{well}; {said}" if said else well


def as_json(report: Report) -> str:
    """The exit code is the command's."""
    given = {
        "exit_code": report.exit_code, "list": report.which, "stack": report.found.look.declared["stack"],
        "taken": report.found.look.bundle.taken, "who": report.run.who, "headline": headline(report),
        "items": [_item(row) for row in report.rows], "numbers": report.run.numbers,
        "silent": report.found.look.bundle.silent,
    }  # fmt: skip
    return json.dumps(given, indent=2)


def _item(row: Row) -> Json:
    about = row.checked
    return {
        "item": row.item.key, "title": row.item.title, "state": about.state, "says": about.says,
        "evidence": list(about.evidence), "do": row.do, "answer": row.answer,
    }  # fmt: skip


def text(report: Report) -> Group:
    """For a terminal."""
    lines = [f"[bold]{_plain(headline(report))}[/]"]
    for row in report.rows:
        state = row.checked.state
        lines.append(
            f"\n[{_COLOURS[state]}]{state:8}[/][bold]{row.item.title}[/] ({row.item.key}): {_plain(row.checked.says)}"
        )
        shown = row.checked.evidence[: 1 if state == "ok" else _EVIDENCE]
        lines += [f"        {_plain(line)}" for line in shown if line not in row.checked.says]
        if left := len(row.checked.evidence) - len(shown):
            lines.append(f"        [dim]… {left} more: --json, --html[/]")
        if row.do:
            lines.append(f"        do: [bold]{_plain(row.do)}[/]")
    return Group(*lines)


def history(runs: Sequence[Run]) -> Table:
    """The last runs, the newest first."""
    table = Table(box=None, pad_edge=False)
    for column in ("when", "list", "who", "ok", "not ok", "answers"):
        table.add_column(column, overflow="fold")
    for run in reversed(runs):
        well = sum(state == "ok" for state in run.states.values())
        bad = [f"{key} {state}" for key, state in run.states.items() if state != "ok"]
        answers = ", ".join(f"{key}={answer}" for key, answer in run.answers.items())
        cells = (run.when, run.which, run.who, f"{well} of {len(run.states)}", ", ".join(bad), answers)
        table.add_row(*(_plain(cell) for cell in cells))
    return table


def of(which: str) -> list[Item]:
    return [one for one in ITEMS.values() if one.which == which]


def _plain(said: str) -> str:
    """A host's words must neither move the cursor nor pass for our markup."""
    return escape(str(visible(said)).replace("\n", " "))
