"""A container's memory limit is lowered by hand: under load the kernel kills it."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import got, large_requests, on_host, preview, says, up

SCENARIO = Scenario(
    title="Container OOM-killed",
    guide="Memory Issues",
    breaks=on_host("docker update --memory 6m --memory-swap 6m mech-search")
    + large_requests("search", "/documents", "text"),
    cause=("CONTAINER_LIMITS", "CONTAINER_OOM"),
    symptom=(
        says(
            "docker events --since 120s --until 0s --filter event=oom --filter container=mech-search", "container oom"
        ),
        got(502),
    ),
    seen=(preview("docker:index:Container services-search", "~memory"),),
    heal=up(),
    after=says("docker inspect -f '{{.HostConfig.Memory}}' mech-search", "536870912"),
    undo=on_host("docker restart -t 10 mech-search"),  # else Docker goes on telling of it
)
