"""What each scenario and each outage showed, diagnosed again: the true cause first; and two at once, both among the first three."""

from __future__ import annotations

import itertools
import random
import zlib

import pytest

from mech_ops.diagnosis.look import Look
from mech_ops.diagnosis.ranking import diagnose
from tests.scenarios.collect import scenarios
from tests.scenarios.outages import OUTAGES

from . import patches

CAUSES: dict[str, tuple[str, ...]] = {
    scenario.name: (scenario.cause,) if isinstance(scenario.cause, str) else scenario.cause for scenario in scenarios()
} | {f"outage-{outage.slug}": outage.cause for outage in OUTAGES}
NAMES = [name for name in patches.names() if CAUSES.get(name)]
# One after which the others cannot be seen: the host says nothing, or Docker does not.
BLINDING = {
    "INSTANCE_HALTED", "INSTANCE_GONE", "ADDRESS_DETACHED", "DOCKER_DOWN", "SSH_TIMED_OUT", "SSH_REFUSED", "SSH_HOST_KEY",
    "SSH_KEY_REFUSED", "SSH_CLOSED",
}  # fmt: skip
# A notice is told, and not counted: it is never the cause of anything.
NOTICES = {"HOST_REBOOTED", "CLIENT_PROBES", "CLIENT_LIMITED", "JOB_TIMEOUT"}


def codes(*over: str) -> list[str]:
    return [named.code for named in diagnose(Look(patches.read(*over))).named]


def test_each_scenario_with_a_cause_was_recorded() -> None:
    assert {name for name, cause in CAUSES.items() if cause} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_true_cause_is_named_first(name: str) -> None:
    assert codes(name)[0] in CAUSES[name]


def pairs() -> list[tuple[str, str]]:
    """Two that can be at once and seen at once, and that are not the same: some hundreds, always the same ones."""
    able = [name for name in NAMES if not {*CAUSES[name]} & (BLINDING | NOTICES)]
    all_ = [(a, b) for a, b in itertools.combinations(able, 2) if not {*CAUSES[a]} & {*CAUSES[b]}]
    luck = random.Random(zlib.crc32(b"pairs"))
    return luck.sample(all_, min(400, len(all_)))


@pytest.mark.parametrize("pair", pairs(), ids=" + ".join)
def test_of_two_at_once_both_are_among_the_first_three(pair: tuple[str, str]) -> None:
    one, other = pair
    first = codes(one, other)[:3]
    assert set(first) & {*CAUSES[one]} and set(first) & {*CAUSES[other]}, codes(one, other)
