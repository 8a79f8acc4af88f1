"""Somebody took Redis' password away: every service still works, and so does everybody else on the network."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import on_host, preview, says, up

ANYBODY = "docker exec mech-queue redis-cli -h redis echo anybody"

SCENARIO = Scenario(
    title="Redis: no password",
    guide="mech-queue: Redis Connection Errors",
    breaks=on_host("docker exec redis redis-cli acl setuser default '~*' '&*' +@all"),
    cause="REDIS_PASSWORD",
    symptom=(says(ANYBODY, "anybody"),),
    seen=(preview("drift: redis: password: not asked for (declared: accepted)"),),
    heal=up(),
    after=says(ANYBODY, "NOPERM"),
)
