"""mech-network is gone, as after `docker network prune` with everything stopped."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import http, on_host, preview, says, up

SCENARIO = Scenario(
    title="mech-network missing",
    guide="Issue 2: Service Discovery Failures",
    breaks=on_host(
        "for c in $(docker ps --format '{{.Names}}'); do docker network disconnect -f mech-network $c; done; "
        "docker network rm mech-network",
        "on the host: every container off mech-network, `docker network rm mech-network`",
    ),
    cause="NETWORK_MISSING",
    symptom=(says("docker network ls | grep mech-network || echo none", "none"), http("queue", 502)),
    seen=(preview("drift: docker: network mech-network: missing (declared: there)"),),
    heal=up(),
)
