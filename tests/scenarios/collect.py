"""Finds the scenarios: one a module of tests/scenarios/guide."""

from __future__ import annotations

import importlib
import os
import pkgutil
import random
import time
from dataclasses import replace

from . import guide
from .scenario import Scenario


def scenarios() -> list[Scenario]:
    """All of them, by name. Raises AttributeError for a file without SCENARIO."""
    found = []
    for module in sorted(pkgutil.iter_modules(guide.__path__), key=lambda m: m.name):
        scenario: Scenario = importlib.import_module(f"{guide.__name__}.{module.name}").SCENARIO
        found.append(replace(scenario, name=module.name.replace("_", "-")))
    return found


def part(names: list[str], which: str) -> list[str]:
    """The i-th of n equal parts, given as "i/n" with i from 1. Raises ValueError."""
    number, _, parts = which.partition("/")
    if not (number.isdigit() and parts.isdigit() and 1 <= int(number) <= int(parts)):
        raise ValueError(f"MECH_SCENARIO_PART is {which!r}; it must be of the form 2/3")
    return sorted(names)[int(number) - 1 :: int(parts)]


def chosen() -> tuple[list[Scenario], int]:
    """What to run, in its order, and the seed of that order ($MECH_SCENARIO_PART, $MECH_SCENARIO_SEED)."""
    found = {scenario.name: scenario for scenario in scenarios()}
    names = part(list(found), os.environ.get("MECH_SCENARIO_PART") or "1/1")
    seed = int(os.environ.get("MECH_SCENARIO_SEED") or time.time_ns() % 1_000_000)
    random.Random(seed).shuffle(names)
    return [found[name] for name in names], seed
