"""A container's CPU limit is lifted by hand, and it takes both cores."""

from tests.scenarios.scenario import Scenario, Step
from tests.scenarios.steps import holds, on_host, preview, says, up
from tests.scenarios.world import World


def hog() -> Step:
    def post(world: World) -> None:
        for _ in range(2):
            order = {"type": "hash", "payload": {"text": "a", "rounds": 2_000_000_000}, "timeout_s": 60}
            assert world.net.ask("POST", "https://queue.mech.is/jobs", json_body=order).code == 202

    return Step("two jobs that only reckon", post)


def busy(world: World) -> None:
    said = world.ssh("docker stats --no-stream --format '{{.CPUPerc}}' mech-queue")
    assert float(said.rstrip("%")) > 100, said


SCENARIO = Scenario(
    title="CPU hog",
    guide="High CPU Usage",
    breaks=on_host("docker update --cpus 2 mech-queue") + hog(),
    cause="CONTAINER_LIMITS",
    symptom=(holds("`docker stats`: mech-queue above 100 % CPU", busy),),
    seen=(preview("docker:index:Container services-queue", "~cpus"),),
    heal=up(),
    after=says("docker inspect -f '{{.HostConfig.NanoCpus}}' mech-queue", "500000000"),
)
