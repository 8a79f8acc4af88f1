"""Every failure of the guide: break, symptom, seen, healed, clean."""

from __future__ import annotations

import time

import pytest

from . import diagnosed, measured
from .conftest import SCENARIOS
from .scenario import Scenario, Seen
from .world import World, until


def _detect(world: World, seen: Seen) -> float:
    """Seconds that the one who says it took; waiting for `within_s` counts."""
    begin = time.monotonic()

    def asked() -> None:
        said = " ".join(seen.run(world).split())
        for word in seen.words:
            assert " ".join(word.split()) in said, f"{seen.command} does not say {word!r}:\n{said[-5000:]}"

    until(asked, seen.within_s)
    return time.monotonic() - begin


def _clean(world: World) -> None:
    """Nothing left to do, and Docker too finds every container well (it looks every 10 s)."""
    world.stack.pulumi("preview", "--expect-no-changes")

    def healthy() -> None:
        said = world.ssh("docker ps -a --filter health=unhealthy --format '{{.Names}}'")
        assert not said, f"unhealthy: {said}"

    until(healthy, 30)


def _play(world: World, scenario: Scenario) -> dict[str, float]:
    if scenario.prepare:
        scenario.prepare.do(world)
    before = diagnosed.well(world)
    planted = world.plant()
    scenario.breaks.do(world)
    broken = time.monotonic()
    for symptom in scenario.symptom:
        until(lambda symptom=symptom: symptom.check(world), symptom.within_s, symptom.pause_s)  # type: ignore[misc]
    shown = time.monotonic() - broken
    detect = [] if diagnosed.ONLY else [_detect(world, seen) for seen in scenario.seen]
    causes = (scenario.cause,) if isinstance(scenario.cause, str) else scenario.cause
    diagnose_s = diagnosed.named(world, scenario.name, causes, before)
    begin = time.monotonic()
    scenario.heal.do(world)
    world.well()
    healed = time.monotonic() - begin
    if diagnosed.ONLY:
        return {}
    if scenario.after:
        until(lambda: scenario.after.check(world), scenario.after.within_s)  # type: ignore[union-attr]
    _clean(world)
    world.find(planted, redis=not scenario.flushes_redis)
    return {"symptom_s": shown, "detect_s": min(detect), "heal_s": healed, "diagnose_s": diagnose_s}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_scenario(world: World, scenario: Scenario) -> None:
    begin = time.monotonic()
    try:
        times = _play(world, scenario)
    except (Exception, pytest.fail.Exception) as error:  # the latter: a time-out
        print(f"{scenario.name} failed: {str(error)[:500]} … {str(error)[-2000:]}")
        if scenario.undo:
            scenario.undo.do(world)
        world.rescue()
        raise
    if scenario.undo:
        scenario.undo.do(world)
        _clean(world)
    if times:
        measured.note(scenario.name, {**times, "whole_s": time.monotonic() - begin})
