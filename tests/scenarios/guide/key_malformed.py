"""A key of the wrong form: the policy says so, and no vendor is asked."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import config, config_back, told, up

SCENARIO = Scenario(
    title="Key malformed",
    guide="mech-llms: API Key Errors",
    breaks=config("mech:OPENAI_API_KEY", "sk-short", secret=True),
    uncaused="the policy refuses it: nothing on the platform is wrong",
    symptom=(),
    seen=(
        told(
            "pulumi preview --policy-pack policies",
            lambda world: world.stack.pulumi("preview", "--policy-pack", "policies", check=False).stdout,
            "services-key-malformed",
            "OPENAI_API_KEY",
            by="policy",
        ),
    ),
    heal=config_back() + up(),
    limits="No symptom: the policy stops it before it can have one.",
)
