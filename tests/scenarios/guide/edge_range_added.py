"""Cloudflare gets another range: whom it serves from there does not get through a firewall that does not know it."""

from tests.scenarios.scenario import Scenario, Step
from tests.scenarios.steps import config, config_back, preview, says, up

NEW = "198.51.100.0/24"


def added() -> Step:
    return Step(f"Cloudflare's API publishes one range more, {NEW}", lambda world: world.published(NEW))


SCENARIO = Scenario(
    title="Cloudflare adds a range",
    guide="Issue 1: All Services Unreachable",
    prepare=config("mech:firewall.webFrom", "cloudflare") + up(),
    breaks=added(),
    cause="EDGE_RANGES_OLD",
    symptom=(),
    seen=(preview(f"drift: Cloudflare's list of ranges: published and not let in: {NEW} (declared: none)"),),
    heal=up(),
    after=says("ufw status", NEW),
    undo=config_back() + Step("", lambda world: world.reset()) + up(),
    limits="No symptom here, since the sandbox's edge comes from one address: 522 for those whom Cloudflare serves from there.",
)
