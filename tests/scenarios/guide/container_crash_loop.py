"""A setting that the service refuses: its container starts and ends again and again."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import config, config_back, http, logs, preview, says, status, up

SCENARIO = Scenario(
    title="Container in a crash loop",
    guide="Automated Troubleshooting (unhealthy containers)",
    breaks=config("mech:services.queue.environment.QUEUE_WORKERS", "0") + up(),
    symptom=(
        http("queue", 502),
        says("docker inspect -f '{{.State.Status}}' mech-queue", "restarting"),
        logs("mech-queue", "QUEUE_WORKERS must be a whole number from 1 to 64"),
    ),
    seen=(
        preview("not well: the container mech-queue is restarting"),
        status("queue 502 down: nginx has no answer from the container"),
    ),
    heal=config_back() + up(),
)
