"""The guide's own repair, `docker network create`: a network of our name that is not ours."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import on_host, preview, says, up

SCENARIO = Scenario(
    title="mech-network made by hand",
    guide="Issue 2: Service Discovery Failures",
    breaks=on_host(
        "for c in $(docker ps --format '{{.Names}}'); do docker network disconnect -f mech-network $c; done; "
        "docker network rm mech-network; docker network create mech-network; "
        "for c in $(docker ps --format '{{.Names}}'); do docker network connect mech-network $c; done",
        "on the host, the guide's repair: `docker network create mech-network`, then `docker network connect` for each",
    ),
    cause="NETWORK_FOREIGN",
    symptom=(says("docker network inspect -f '{{.Labels}}' mech-network", "map[]"),),
    seen=(preview("drift: docker: network mech-network: made by hand (declared: there)"),),
    heal=up(),
)
