"""`mech diagnose` in a scenario: it names the true cause first. With MECH_SCENARIO_BUNDLES=1 what it saw is kept for tests/unit."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from .scenario import Scenario
from .world import World, until

BUNDLES = Path(__file__).resolve().parents[1] / "unit" / "mech_ops" / "diagnosis" / "bundles"
# Docker looks at a container's health every 10 s, and a service at its vendors.
_WITHIN_S = 40


def look(world: World, bundle: Path | None = None) -> dict[str, Any]:
    """What it says, as JSON."""
    keep = ["--save", str(bundle)] if bundle else []
    said = world.stack.mech(
        "sandbox", "shell", "--", "mech", "diagnose", "--stack", "sandbox", "--json", *keep, check=False
    )
    try:
        found: dict[str, Any] = json.loads(said.stdout)
    except ValueError:
        raise AssertionError(f"mech diagnose: {said.returncode} {said.stdout[-2000:]} {said.stderr[-2000:]}") from None
    assert found["exit_code"] == said.returncode, "text and JSON tell scripts the same"
    return found


def diagnosed(world: World, scenario: Scenario) -> float:
    """Seconds that the look took which named it first."""
    wanted = (scenario.cause,) if isinstance(scenario.cause, str) else scenario.cause
    bundle = BUNDLES / f"{scenario.name}.json" if os.environ.get("MECH_SCENARIO_BUNDLES") else None
    took = 0.0

    def first() -> None:
        nonlocal took
        begin = time.monotonic()
        found = look(world, bundle)
        took = time.monotonic() - begin
        codes = [cause["code"] for cause in found["causes"]]
        assert codes[:1] and codes[0] in wanted, (
            f"mech diagnose names {codes}, not {' or '.join(wanted)} first:\n{json.dumps(found, indent=1)[:6000]}"
        )

    if wanted:
        until(first, _WITHIN_S)
    return took
