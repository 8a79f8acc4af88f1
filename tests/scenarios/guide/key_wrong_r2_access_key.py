"""A R2_ACCESS_KEY of the right form that its vendor does not take: only running it shows that."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import config, config_back, depends, status, up

SCENARIO = Scenario(
    title="R2_ACCESS_KEY wrong",
    guide="mech-storage: R2 Connection Errors",
    breaks=config("mech:R2_ACCESS_KEY", "00000000000000000000000000000001", secret=True) + up(),
    symptom=(depends("storage", "r2", "Access Denied: R2 refused R2_ACCESS_KEY and R2_SECRET_KEY"),),
    seen=(status("storage 503 degraded: r2: Access Denied: R2 refused R2_ACCESS_KEY and R2_SECRET_KEY"),),
    heal=config_back() + up(),
)
