"""UFW is switched off: everything works, and nothing protects the host but Vultr's group in front."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import on_host, preview, says, up

SCENARIO = Scenario(
    title="UFW off",
    guide="Issue 1: All Services Unreachable",
    breaks=on_host("ufw disable"),
    cause="UFW_OFF",
    symptom=(says("ufw status", "Status: inactive"),),
    seen=(preview("drift: firewall: UFW: off (declared: on)"),),
    heal=up(),
    after=says("ufw status", "Status: active"),
)
