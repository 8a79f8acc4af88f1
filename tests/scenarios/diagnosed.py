"""`mech diagnose` in a scenario: it names the true cause first.

With MECH_SCENARIO_BUNDLES=1 what it saw is kept for tests/unit; with MECH_SCENARIO_BUNDLES=only nothing else is looked at, which
takes half the time.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mech_ops.diagnosis import bundle
from tests.unit.mech_ops.diagnosis import patches

from .world import World, until

RECORDS = bool(os.environ.get("MECH_SCENARIO_BUNDLES"))
ONLY = os.environ.get("MECH_SCENARIO_BUNDLES") == "only"
# Docker looks at a container's health every 10 s, and a service at its vendors.
_WITHIN_S = 60


def look(world: World, name: str = "") -> dict[str, Any]:
    """What it says, as JSON; what it saw is kept under this name when bundles are recorded."""
    with tempfile.TemporaryDirectory() as folder:
        seen = Path(folder) / "seen.json"
        keep = ["--save", str(seen)] if RECORDS and name else []
        argv = ["sandbox", "shell", "--", "mech", "diagnose", "--stack", "sandbox", "--json", *keep]
        said = world.stack.mech(*argv, check=False)
        try:
            found: dict[str, Any] = json.loads(said.stdout)
        except ValueError:
            raise AssertionError(f"{said.returncode} {said.stdout[-2000:]} {said.stderr[-2000:]}") from None
        if keep:
            patches.keep(bundle.read(seen), name)
    assert found["exit_code"] == said.returncode, "text and JSON tell scripts the same"
    return found


def well(world: World) -> set[str]:
    """The notices that are there while nothing is broken: another scenario's, which are told of for ten minutes.

    What all bundles are told by is recorded then, unless it is there (remove the folder to begin anew).
    """
    if RECORDS and not (patches.BUNDLES / f"{patches.WELL}.json").exists():
        found = look(world, patches.WELL)
        assert found["exit_code"] == 0, found
    return {cause["code"] for cause in look(world)["causes"] if cause["severity"] == "notice"}


def true_first(codes: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """Without a reboot, by which some are broken, and which is told of for ten minutes."""
    return [code for code in codes if code in wanted or code != "HOST_REBOOTED"]


def named(world: World, name: str, wanted: Sequence[str], before: set[str]) -> float:
    """Seconds that the look took which names one of `wanted` first of what was not there before; some take a while to be felt."""
    took = 0.0

    def first() -> None:
        nonlocal took
        begin = time.monotonic()
        found = look(world, name)
        took = time.monotonic() - begin
        new = [cause["code"] for cause in found["causes"] if cause["code"] in wanted or cause["code"] not in before]
        codes = true_first(new, wanted)
        assert found["exit_code"] == 2 or found["causes"], f"{name} is called clean: {found['headline']}"
        assert codes and codes[0] in wanted, (
            f"{name}: {codes}, not {' or '.join(wanted)} first:\n{json.dumps(found)[:5000]}"
        )

    if wanted:
        until(first, _WITHIN_S, 2)
    return took
