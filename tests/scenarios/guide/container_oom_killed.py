"""A container's memory limit is lowered by hand: the kernel kills it."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import on_host, preview, says, up

SCENARIO = Scenario(
    title="Container OOM-killed",
    guide="Memory Issues",
    breaks=on_host(
        "docker update --memory 6m --memory-swap 6m mech-search; docker restart -t 1 mech-search", check=False
    ),
    symptom=(says("docker events --since 60s --until 0s --filter event=oom --filter container=mech-search", "oom"),),
    seen=(preview("services-search", "memory"),),
    heal=up(),
)
