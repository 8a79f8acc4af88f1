"""docker.Service is judged as docker.Container is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from policies.model import Stack
from policies.reading.containers import Container
from policies.rules import BY_ID, RULES

from .changes import Resources
from .swarm import HARMLESS, OUTAGES
from .test_rules import ACCEPTED, judged

Change = Callable[[Resources], Resources]
# Rules on containers that ask for what a swarm's service cannot be told.
NOT_OF_SERVICES = {
    "services-swap", "services-publish-all", "services-host-namespace", "services-host-disk", "services-device", "plugins-cpus-text",
}  # fmt: skip


@pytest.mark.parametrize(("rule", "change"), [outage[1:] for outage in OUTAGES], ids=[outage[0] for outage in OUTAGES])
def test_an_outage_of_a_service_is_caught(shipped: Resources, rule: str, change: Change) -> None:
    before = {finding.text for finding in BY_ID[rule].judge(Stack(shipped))[0]}
    found = BY_ID[rule].judge(Stack(change(shipped)))[0]
    services = [one for one in found if isinstance(one.resource, Container) and one.resource.how == "docker.Service"]
    assert services or {one.text for one in found} - before


@pytest.mark.parametrize("change", [change for _, change in HARMLESS], ids=[name for name, _ in HARMLESS])
def test_a_right_service_is_let_through_and_wholly_judged(shipped: Resources, change: Change) -> None:
    found, unknown = judged(change(shipped))
    assert (found - ACCEPTED, unknown) == (set(), {})


def test_every_rule_on_containers_has_an_outage_of_a_service() -> None:
    of_containers = {rule.id for rule in RULES if rule.source is not None}
    assert of_containers - {rule for _, rule, _ in OUTAGES} == NOT_OF_SERVICES & of_containers
