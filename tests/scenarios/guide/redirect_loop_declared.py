"""The same, declared: the config says why it is a loop."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import config, config_back, config_refuses, up

SCENARIO = Scenario(
    title="Redirect loop: declared",
    guide="Issue 3: SSL/TLS Certificate Errors",
    breaks=config("mech:proxy.redirectToHttps", "true"),
    uncaused="the config refuses it: nothing on the platform is wrong",
    symptom=(),
    seen=(config_refuses("mech:proxy.redirectToHttps with mech:edge.ssl flexible is a redirect loop"),),
    heal=config_back() + up(),
    limits="No symptom: it is refused before it can have one.",
)
