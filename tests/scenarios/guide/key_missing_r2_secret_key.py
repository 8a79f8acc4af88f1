"""R2_SECRET_KEY is not in the config, and the container was made anew without it."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import config_back, config_refuses, depends, gone, remade, up

SCENARIO = Scenario(
    title="R2_SECRET_KEY missing",
    guide="mech-storage: R2 Connection Errors",
    breaks=gone("mech:R2_SECRET_KEY") + remade("storage", without="R2_SECRET_KEY"),
    cause="KEY_MISSING",
    symptom=(depends("storage", "r2", "Access Denied: R2_SECRET_KEY is not set"),),
    seen=(config_refuses("mech:R2_SECRET_KEY is missing and storage cannot work without it"),),
    heal=config_back() + up(),
)
