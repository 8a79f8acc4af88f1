"""A container made by hand writes its log without a limit."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import preview, remade, says, up

SCENARIO = Scenario(
    title="Container's log without limit",
    guide="Disk Space Issues",
    breaks=remade("reader"),
    cause="CONTAINER_FOREIGN",
    symptom=(says("docker inspect -f '{{.HostConfig.LogConfig.Config}}' mech-reader", "map[]"),),
    seen=(preview("drift: docker: container mech-reader: made by hand"),),
    heal=up(),
    after=says("docker inspect -f '{{.HostConfig.LogConfig.Config}}' mech-reader", "max-size:10m"),
)
