"""docker.Service is judged as docker.Container is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.model import CONTAINER, SERVICE, SERVICE_CONFIG, Resource, Stack
from policies.reading.containers import Container
from policies.rules import BY_ID, HARDENING, RULES

from .changes import CACHE, Resources
from .swarm import HARMLESS, OUTAGES, as_service
from .test_rules import ACCEPTED, ODD, judged

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


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data())
def test_no_rule_raises_whatever_a_service_says(shipped: Resources, data: st.DataObject) -> None:
    """Odd values in each place of a service, and in other resources that only other programs have."""
    container = next(one for one in shipped if one.name == CACHE)
    whole = dict(as_service(container).props)
    task = dict(whole["taskSpec"])
    spec = dict(task["containerSpec"])
    for about in (spec, task, whole):
        for key in data.draw(st.lists(st.sampled_from(sorted(about)), max_size=3)):
            about[key] = data.draw(ODD)
        if about is spec:
            task["containerSpec"] = spec
        elif about is task:
            whole["taskSpec"] = task
    others = [
        Resource(SERVICE_CONFIG, "config", {"data": data.draw(ODD)}),
        Resource("vultr:index/loadBalancer:LoadBalancer", "lb", {"vpc": data.draw(ODD), "ipv4": data.draw(ODD)}),
        Resource(CONTAINER, "web", {"image": "nginx:1", "uploads": data.draw(ODD), "ports": [{"internal": 80, "external": 80}]}),
        Resource("vultr:index/instance:Instance", "host", {"userData": data.draw(ODD), "firewallGroupId": data.draw(ODD)}),
    ]  # fmt: skip
    stack = Stack([Resource(SERVICE, "cache", whole), *others])
    for rule in (*RULES, *HARDENING):
        rule.judge(stack)
