"""One sandbox for all scenarios of a run; MECH_SCENARIO_KEEP=1 goes on with one that is there, and leaves it.

MECH_SCENARIO_ALONE=1 makes a fresh one for each scenario; MECH_SCENARIO_SANDBOX gives it another name.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Literal

import pytest

from sandbox import steps

from .collect import chosen
from .world import World

SCENARIOS, SEED = chosen()
ALONE = bool(os.environ.get("MECH_SCENARIO_ALONE"))
KEEP = bool(os.environ.get("MECH_SCENARIO_KEEP")) and not ALONE
SCOPE: Literal["function", "session"] = "function" if ALONE else "session"


def pytest_report_header() -> str:
    return f"scenarios: order of MECH_SCENARIO_SEED={SEED}, part {os.environ.get('MECH_SCENARIO_PART') or '1/1'}"


@pytest.fixture(scope=SCOPE)
def world() -> Iterator[World]:
    world = World(os.environ.get("MECH_SCENARIO_SANDBOX") or ("scenarios-alone" if ALONE else "scenarios"))
    if not (KEEP and world.reuse()):
        world.make()
    yield world
    world.close()
    if not KEEP:
        steps.remove(world.settings)
