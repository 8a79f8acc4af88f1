"""UFW's default for incoming traffic is allow: rules no longer mean anything."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import on_host, preview, says, up

SCENARIO = Scenario(
    title="UFW lets everything in",
    guide="Issue 1: All Services Unreachable",
    breaks=on_host("ufw --force default allow incoming && ufw reload"),
    cause="UFW_ALLOWS_ALL",
    symptom=(says("ufw status verbose", "Default: allow (incoming)"),),
    seen=(preview("drift: firewall: UFW's default for incoming: allow (declared: deny)"),),
    heal=up(),
    after=says("ufw status verbose", "Default: deny (incoming)"),
)
