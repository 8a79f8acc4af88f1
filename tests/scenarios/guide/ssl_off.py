"""SSL mode off in the dashboard: visitors of https are sent to plain http."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import http, preview, setting, up

SCENARIO = Scenario(
    title="SSL mode off",
    guide="Issue 3: SSL/TLS Certificate Errors",
    breaks=setting("ssl", "off"),
    cause="SSL_MODE",
    symptom=(http("llm", 301, header=("location", "http://llm.mech.is")),),
    seen=(preview("edge-ssl update [diff: ~value]"),),
    heal=up(),
)
