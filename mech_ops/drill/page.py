"""Past exercises as one page that needs nothing else, in the style of a diagnosis'."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence

from mech_ops.diagnosis import page as frame
from mech_ops.drill import report
from mech_ops.drill.history import Drill
from mech_ops.everyday import spans

_TEMPLATES = pathlib.Path(__file__).with_name("templates")


def page(stack: str, past: Sequence[Drill]) -> str:
    """HTML, the newest first; whatever was said in one is escaped."""
    mark = _mark(past[-1]) if past else "unknown"
    return frame.rendered(
        "drills.html.j2", _TEMPLATES, stack=stack, past=list(reversed(past)), mark=mark, mark_of=_mark, headline_of=report.headline,
        headline=report.headline(past[-1]) if past else "no exercise yet",
        time=frame.time, span=spans.said,
    )  # fmt: skip


def _mark(drill: Drill) -> str:
    if drill.healthy_s is None:
        return "broken"
    return "ok" if drill.in_time and drill.fresh else "warning"
