"""Always Use HTTPS is switched off: passwords and keys travel in the clear."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import http, preview, setting, up

SCENARIO = Scenario(
    title="Always Use HTTPS off",
    guide="Issue 3: SSL/TLS Certificate Errors",
    breaks=setting("always_use_https", "off"),
    cause="ZONE_SETTING",
    symptom=(http("llm", 200, scheme="http"),),
    seen=(preview("edge-always-use-https update [diff: ~value]"),),
    heal=up(),
    after=http("llm", 301, scheme="http", header=("location", "https://llm.mech.is/health")),
)
