"""Redis' password is changed in the running server: who connects anew does not get in."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import depends, on_host, preview, status, up

SCENARIO = Scenario(
    title="Redis: wrong password",
    guide="mech-queue: Redis Connection Errors",
    breaks=on_host(
        "docker exec redis sh -c 'redis-cli acl setuser $(redis-cli acl whoami) resetpass \">other\"'; "
        "docker restart -t 2 mech-queue"
    ),
    cause="REDIS_PASSWORD",
    symptom=(depends("queue", "redis", "Redis at redis:6379 refused the password in REDIS_URL", within_s=60),),
    seen=(
        preview("drift: redis: password: refused (declared: accepted)"),
        status("queue 503 degraded: redis: Redis at redis:6379 refused the password in REDIS_URL"),
    ),
    heal=up(),
)
