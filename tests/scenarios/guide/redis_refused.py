"""Redis' process is not where its name leads: connection refused."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import depends, on_host, preview, up

SCENARIO = Scenario(
    title="Redis connection refused",
    guide="mech-queue: Redis Connection Errors",
    breaks=on_host(
        "docker rm -f redis; docker run -d --name redis --network mech-network redis:alpine redis-server --port 6380",
        "on the host, the guide's repair with a wrong port: `docker run -d --name redis … --port 6380`",
    ),
    cause="REDIS_FOREIGN",
    symptom=(depends("queue", "redis", "Redis connection refused"),),
    seen=(preview("drift: docker: container redis: made by hand"),),
    heal=up(),
    flushes_redis=True,
)
