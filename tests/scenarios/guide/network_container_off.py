"""One container is off mech-network: its dependents no longer find it by name."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import depends, on_host, preview, up

SCENARIO = Scenario(
    title="Container off the network",
    guide="Issue 2: Service Discovery Failures",
    breaks=on_host("docker network disconnect mech-network redis"),
    cause="DATASTORE_OFF_NETWORK",
    symptom=(
        depends("queue", "redis", "Could not connect to Redis at redis:6379"),
        depends("sequences", "redis", "Could not connect to Redis at redis:6379"),
    ),
    seen=(preview("drift: docker: container redis: not on mech-network"),),
    heal=up(),
)
