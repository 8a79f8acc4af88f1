"""The guard over Docker's published ports is flushed: containers' ports pass UFW by."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import on_host, preview, says, up

SCENARIO = Scenario(
    title="Docker passes UFW by",
    guide="Issue 1: All Services Unreachable",
    breaks=on_host("iptables -F DOCKER-USER && iptables -A DOCKER-USER -j RETURN"),
    cause="DOCKER_BYPASSES_UFW",
    symptom=(says("iptables -S DOCKER-USER", "-A DOCKER-USER -j RETURN"),),
    seen=(preview("drift: firewall: guard over Docker's published ports: not in force"),),
    heal=up(),
    after=says("iptables -S DOCKER-USER", "-A DOCKER-USER -j DROP"),
)
