"""A container's memory limit is lowered by hand to less than it needs: it starts and is killed again and again."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import http, on_host, preview, says, status, up

SCENARIO = Scenario(
    title="Container in a crash loop",
    guide="Automated Troubleshooting (unhealthy containers)",
    breaks=on_host(
        "docker update --memory 6m --memory-swap 6m mech-queue; docker restart -t 2 mech-queue", check=False
    ),
    symptom=(
        http("queue", 502),
        says("docker inspect -f '{{.State.Status}}' mech-queue", "restarting"),
    ),
    seen=(
        preview("not well: the container mech-queue is restarting"),
        status("queue 502 down: nginx has no answer from the container"),
    ),
    heal=up(),
)
