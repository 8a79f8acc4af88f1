"""Port 80 is taken out of UFW: the edge gets no answer."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import http, on_host, preview, status, up

SCENARIO = Scenario(
    title="UFW closed 80",
    guide="Issue 1: All Services Unreachable",
    breaks=on_host("ufw delete allow 80/tcp && ufw reload"),
    cause="UFW_PORT_CLOSED",
    symptom=(http("llm", 522), http("queue", 522)),
    seen=(
        preview("drift: firewall: 80/tcp: missing (declared: open)"),
        status("llm 522 down: no answer from the origin: UFW or the Vultr firewall blocks 80/443"),
    ),
    heal=up(),
)
