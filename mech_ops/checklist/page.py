"""The list as one page that needs nothing else, in the style of a diagnosis'."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence

from mech_ops.checklist import report
from mech_ops.checklist.history import Run
from mech_ops.checklist.report import Report
from mech_ops.diagnosis import page as frame

_TEMPLATES = pathlib.Path(__file__).with_name("templates")
_MARKS = {"ok": "ok", "wrong": "broken", "skipped": "unknown", "ask": "warning"}
_SHOWN = 12  # runs before


def page(about: Report, past: Sequence[Run]) -> str:
    """HTML; what a host or a person said is escaped."""
    states = {row.checked.state for row in about.rows}
    return frame.rendered(
        "list.html.j2", _TEMPLATES, marks=_MARKS, which=about.which, rows=about.rows, run=about.run,
        stack=about.found.look.declared["stack"], headline=report.headline(about),
        mark=next((_MARKS[state] for state in report.ORDER if state in states), "unknown"),
        taken=frame.time(about.found.look.bundle.taken),
        past=[run for run in reversed(past) if run.which == about.which][:_SHOWN], silent=about.found.look.bundle.silent,
    )  # fmt: skip
