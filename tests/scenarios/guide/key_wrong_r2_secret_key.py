"""A R2_SECRET_KEY of the right form that its vendor does not take: only running it shows that, and what runs goes on."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import config, config_back, http, refusal, up, up_refused

SCENARIO = Scenario(
    title="R2_SECRET_KEY wrong",
    guide="mech-storage: R2 Connection Errors",
    breaks=config("mech:R2_SECRET_KEY", "0000000000000000000000000000000000000000000000000000000000000001", secret=True)
    + up_refused(),
    cause="ROLLOUT_REFUSED",
    symptom=(http("storage", 200),),
    seen=(refusal("storage", "Access Denied: R2 refused R2_ACCESS_KEY and R2_SECRET_KEY"),),
    heal=config_back() + up(),
)
