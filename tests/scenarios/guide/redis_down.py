"""Redis is stopped."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import depends, on_host, preview, status, up

SCENARIO = Scenario(
    title="Redis down",
    guide="mech-queue: Redis Connection Errors",
    breaks=on_host("docker stop redis"),
    cause="REDIS_DOWN",
    symptom=(depends("queue", "redis", "Could not connect to Redis at redis:6379"),),
    seen=(
        preview("drift: docker: container redis: exited"),
        status("queue 503 degraded: redis: Could not connect to Redis at redis:6379"),
    ),
    heal=up(),
)
