"""Writes docs/scenarios.md from the scenarios and the measured times: `python -m tests.scenarios.page [--check]`."""

from __future__ import annotations

import sys
from pathlib import Path

from . import measured
from .collect import scenarios
from .scenario import Scenario, Seen
from .world import EDGE
from .written import write

PAGE = Path(__file__).resolve().parents[2] / "docs" / "scenarios.md"
_BY = {
    "preview": "preview", "config": "preview (config)", "policy": "policy", "status": "diagnosis", "diagnosis": "by hand",
    "up": "up", "recover": "recover",
}  # fmt: skip


def text(found: list[Scenario], times: dict[str, dict[str, float]]) -> str:
    """The whole page. A scenario without a measured time has a dash there."""
    rows = [_row(scenario, times.get(scenario.name, {})) for scenario in found]
    limits = [f"- **{scenario.title}**: {scenario.limits}" for scenario in found if scenario.limits]
    whole = sum(times[s.name]["whole_s"] for s in found if s.name in times)
    first = [_BY[scenario.seen[0].by] for scenario in found]
    counts = ", ".join(f"{word} {first.count(word)}" for word in dict.fromkeys(_BY.values()) if word in first)
    return "\n".join([
        "# The troubleshooting guide, as a proof",
        "",
        "<!-- Written by `python -m tests.scenarios.page`; do not edit. -->",
        "",
        f"{len(found)} failures of the guide. Each is made to happen in the running sandbox as in life, shows its symptom, is",
        "seen, is healed, and leaves everything clean: all eight services ok, no container unhealthy, a preview without",
        "changes, and a document in MongoDB and a key in Redis that were written before still there.",
        f"Who names it first: {counts}.",
        "",
        "`make scenarios` runs them all on one sandbox in a random order; `pytest tests/scenarios -k NAME` one of them.",
        "",
        "- *preview* is plain `pulumi preview`; *diagnosis* is `mech status`; *by hand* is the guide's own command, where no",
        "  eye of ours is better.",
        "- Seen in: seconds that the quickest of those took, waiting included. Healed in: seconds until all eight are ok again.",
        f"  Measured on 2 cores, {whole / 60:.0f} min for all of them.",
        f"- The edge's time-outs are {EDGE['connect_timeout_s']} s (522) and {EDGE['response_timeout_s']} s (524) here, 19 s and 120 s in life.",
        "",
        "| failure | broken | symptom | caught by, in these words | healed by | seen in | healed in |",
        "|---|---|---|---|---|---:|---:|",
        *rows,
        "",
        "## What these cannot show",
        "",
        *(limits or ["Nothing is left out."]),
        "",
    ])  # fmt: skip


def _row(scenario: Scenario, times: dict[str, float]) -> str:
    cells = [
        f"**{scenario.title}**<br>`{scenario.name}`<br>{scenario.guide}",
        scenario.breaks.says,
        "<br>".join(symptom.says for symptom in scenario.symptom) or "–",
        "<br>".join(_seen(seen) for seen in scenario.seen),
        scenario.heal.says,
        f"{times['detect_s']:.0f} s" if times else "–",
        f"{times['heal_s']:.0f} s" if times else "–",
    ]
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


def _seen(seen: Seen) -> str:
    words = " … ".join(f"“{word}”" for word in seen.words)
    return (
        f"{_BY[seen.by]} (`{seen.command}`): {words}" if seen.by in ("diagnosis", "up") else f"{_BY[seen.by]}: {words}"
    )


if __name__ == "__main__":
    sys.exit(
        write(
            PAGE, text(scenarios(), measured.read(measured.COMMITTED)), "python -m tests.scenarios.page", sys.argv[1:]
        )
    )
