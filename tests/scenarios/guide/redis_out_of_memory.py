"""Redis' maxmemory is lowered in the running server: writes are refused."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import http, on_host, preview, up

SCENARIO = Scenario(
    title="Redis out of memory",
    guide="Redis Performance Issues",
    breaks=on_host("docker exec redis redis-cli config set maxmemory 100kb"),
    cause="REDIS_SETTING",
    symptom=(http("queue", 503, "/jobs", method="POST", body={"type": "echo"}, text="Redis: OOM"),),
    seen=(preview("drift: redis: maxmemory: 102400 (declared: 402653184)"),),
    heal=up(),
    after=http("queue", 202, "/jobs", method="POST", body={"type": "echo"}),
)
