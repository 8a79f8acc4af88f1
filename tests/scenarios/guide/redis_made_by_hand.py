"""Redis made anew by hand, as the guide writes it: no password, no limits, no volume."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import depends, on_host, preview, up

SCENARIO = Scenario(
    title="Redis made by hand",
    guide="mech-queue: Redis Connection Errors",
    breaks=on_host(
        "docker stop redis; docker rm redis; docker run -d --name redis --network mech-network redis:alpine",
        "on the host, the guide's repair: `docker run -d --name redis --network mech-network redis:alpine`",
    ),
    cause="REDIS_FOREIGN",
    symptom=(depends("queue", "redis", "Could not connect to Redis at redis:6379"),),
    seen=(preview("drift: docker: container redis: made by hand"),),
    heal=up(),
    limits="The stand-in of redis:alpine answers in protected mode; the real one is built without it, and would answer anybody, with none of the data.",
)
