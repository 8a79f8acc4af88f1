"""Writes docs/causes.md, where rule, cause, drift fact and scenario meet: `python -m tests.scenarios.causes [--check]`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from mech_ops.diagnosis.causes import TABLE, Cause
from mech_ops.diagnosis.causes.model import LAYERS

from .collect import scenarios
from .outages import OUTAGES
from .written import write

PAGE = Path(__file__).resolve().parents[2] / "docs" / "causes.md"


def played() -> dict[str, list[str]]:
    """By cause, the scenarios and outages in which it is the one to be named."""
    found: dict[str, list[str]] = {}
    for scenario in scenarios():
        for code in (scenario.cause,) if isinstance(scenario.cause, str) else scenario.cause:
            found.setdefault(code, []).append(f"[`{scenario.name}`](scenarios.md)")
    for outage in OUTAGES:
        for code in outage.cause:
            found.setdefault(code, []).append(f"{outage.name} (`tests/scenarios/outages.py`)")
    return found


def text() -> str:
    """The whole page."""
    where = played()
    rows = [
        f"| [{cause.code}](#{cause.code.lower()}) | {cause.visitor} | `{_cell(cause.fix)}` |"
        for cause in sorted(TABLE.values(), key=lambda cause: cause.code)
    ]
    return "\n".join([
        "# Causes",
        "",
        "<!-- Written by `python -m tests.scenarios.causes`; do not edit. -->",
        "",
        f"What `mech diagnose` can name: {len(TABLE)} causes. A code is never used again for something else. How bad it is",
        "follows from the services: who is harmed and does not answer makes it an *outage* or *degraded*; otherwise it is what",
        "stands here. Of two causes that explain the same, the one that lies lower in the platform comes first; one that only",
        "follows from another comes after it.",
        "",
        "| code | a visitor sees | fix |",
        "|---|---|---|",
        *rows,
        "",
        *(line for layer, title in LAYERS.items() for line in _layer(layer, title, where)),
    ])  # fmt: skip


def _layer(layer: str, title: str, where: dict[str, list[str]]) -> Iterator[str]:
    yield from (f"## {title[0].upper()}{title[1:]}", "")
    for cause in TABLE.values():
        if cause.layer == layer:
            yield from _cause(cause, where.get(cause.code, []))


def _cause(cause: Cause, where: list[str]) -> Iterator[str]:
    facts = [read.removeprefix("drift.") for read in cause.reads if read.startswith("drift.")]
    others = [read for read in cause.reads if not read.startswith("drift.")]
    yield from (f"### {cause.code}", "", f"**{_cell(cause.says)}** ({cause.floor})", "")
    yield f"- A visitor sees: {cause.visitor}"
    yield f"- Fix: `{_cell(cause.fix)}`" + (f"; config: `{cause.key}`" if cause.key else "")
    if facts:
        yield f"- Drift tells it, too: {', '.join(f'`{fact}`' for fact in facts)}"
    if others:
        yield f"- Reads: {', '.join(f'`{read}`' for read in others)}"
    if cause.rules:
        yield f"- Refused beforehand by: {', '.join(f'[{rule}](policies.md#{rule})' for rule in cause.rules)}"
    if cause.follows:
        yield f"- Only a consequence where one of these is there: {', '.join(f'[{c}](#{c.lower()})' for c in cause.follows)}"
    yield f"- From: {cause.guide}"
    yield from (
        f"- Shown by: {', '.join(where or ['a fact changed by hand (`tests/unit/mech_ops/diagnosis/test_by_hand.py`)'])}",
        "",
    )


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("`", "'")


if __name__ == "__main__":
    sys.exit(write(PAGE, text(), "python -m tests.scenarios.causes", sys.argv[1:]))
