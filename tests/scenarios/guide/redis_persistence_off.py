"""Snapshots are switched off in the running server: a restart would lose the jobs."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import on_host, preview, says, up

SCENARIO = Scenario(
    title="Redis: persistence off",
    guide="Redis Performance Issues",
    breaks=on_host("docker exec redis redis-cli config set save ''"),
    cause="REDIS_SETTING",
    symptom=(says("docker exec redis redis-cli config get save | tail -n +2 | wc -w", "0"),),
    seen=(preview("drift: redis: save: empty (declared: 900 1)"),),
    heal=up(),
    after=says("docker exec redis redis-cli config get save", "900 1"),
)
