"""What each scenario and each outage showed, diagnosed again: the true cause first; and two at once, both among the first three."""

from __future__ import annotations

import itertools

import pytest

from mech_ops.diagnosis.look import Look
from mech_ops.diagnosis.ranking import diagnose
from tests.scenarios.collect import scenarios
from tests.scenarios.diagnosed import true_first
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
    assert true_first(codes(name), CAUSES[name])[0] in CAUSES[name]


def pairs() -> list[tuple[str, str]]:
    """Two that are not the same, and that changed no fact in common, so that both can be laid over a platform that is well."""
    able = [name for name in NAMES if not {*CAUSES[name]} & (BLINDING | NOTICES)]
    ways = {name: patches.touched(name) for name in able}
    both = itertools.combinations(able, 2)
    return [(a, b) for a, b in both if not {*CAUSES[a]} & {*CAUSES[b]} and not ways[a] & ways[b]]


def test_there_are_pairs_enough() -> None:
    assert len(pairs()) >= 200


@pytest.mark.parametrize("pair", pairs(), ids=" + ".join)
def test_of_two_at_once_both_are_among_the_first_three(pair: tuple[str, str]) -> None:
    one, other = pair
    first = codes(one, other)[:3]
    assert set(first) & {*CAUSES[one]} and set(first) & {*CAUSES[other]}, codes(one, other)
