"""Port 443 is closed by a deny rule: nobody notices under Flexible, until the mode is Full."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import http, on_host, preview, setting, status, up

SCENARIO = Scenario(
    title="UFW closed 443, SSL mode Full",
    guide="Issue 1: All Services Unreachable",
    breaks=on_host("ufw insert 1 deny 443") + setting("ssl", "full"),
    cause=("UFW_PORT_CLOSED", "SSL_MODE"),
    symptom=(http("llm", 522),),
    seen=(
        preview("drift: firewall: 443/tcp: shadowed by `deny 443`", "edge-ssl update"),
        status("llm 522 down"),
    ),
    heal=up(),
    undo=on_host("ufw delete deny 443"),
)
