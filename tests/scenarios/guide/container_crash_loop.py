"""A setting that the service refuses, in a container made by hand: it starts and ends again and again."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import http, logs, preview, remade, says, status, up

SCENARIO = Scenario(
    title="Container in a crash loop",
    guide="Automated Troubleshooting (unhealthy containers)",
    breaks=remade("queue", env="QUEUE_WORKERS=0"),
    cause=("CONTAINER_CRASHES", "CONTAINER_FOREIGN"),
    symptom=(
        http("queue", 502),
        says("docker inspect -f '{{.State.Status}}' mech-queue", "restarting"),
        logs("mech-queue", "QUEUE_WORKERS must be a whole number from 1 to 64"),
    ),
    seen=(
        preview("drift: docker: container mech-queue: made by hand"),
        status("queue 502 down: nginx has no answer from the container"),
    ),
    heal=up(),
    limits="By `pulumi up` none comes about any more: such a version is refused, and the one before goes on.",
)
