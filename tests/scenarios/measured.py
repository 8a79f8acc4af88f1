"""How long things took: each run notes it in a file; the committed numbers are in measured.json."""

from __future__ import annotations

import json
import os
from pathlib import Path

COMMITTED = Path(__file__).with_name("measured.json")


def noted() -> Path:
    """Where a run notes its times ($MECH_SCENARIO_TIMES)."""
    return Path(os.environ.get("MECH_SCENARIO_TIMES") or "/var/lib/mech-sandbox/scenarios.json")


def read(path: Path) -> dict[str, dict[str, float]]:
    """{scenario: {symptom_s, detect_s, heal_s, whole_s}}; empty when nothing was noted."""
    if not path.exists():
        return {}
    found: dict[str, dict[str, float]] = json.loads(path.read_text())
    return found


def note(name: str, times: dict[str, float]) -> None:
    known = read(noted())
    known[name] = {key: round(value, 1) for key, value in times.items()}
    noted().parent.mkdir(parents=True, exist_ok=True)
    noted().write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
