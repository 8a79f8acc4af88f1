"""A container's memory limit is lowered by hand: the kernel kills it."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import on_host, preview, says, up

SCENARIO = Scenario(
    title="Container OOM-killed",
    guide="Memory Issues",
    breaks=on_host(
        "docker stop -t 1 mech-search; docker update --memory 6m --memory-swap 6m mech-search; docker start mech-search",
        check=False,
    ),
    symptom=(says("docker events --since 60s --until 0s --filter event=oom --filter container=mech-search", "oom"),),
    seen=(preview("docker:index:Container services-search", "~memory"),),
    heal=up(),
)
