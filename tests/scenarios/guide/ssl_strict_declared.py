"""The same, declared: the config is refused before anything is touched."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import config, config_back, config_refuses, up

SCENARIO = Scenario(
    title="SSL strict, self-signed: declared",
    guide="Issue 3: SSL/TLS Certificate Errors",
    breaks=config("mech:edge.ssl", "strict"),
    uncaused="the config refuses it: nothing on the platform is wrong",
    symptom=(),
    seen=(config_refuses("mech:edge.ssl strict refuses a self-signed certificate (526)", "origin-ca"),),
    heal=config_back() + up(),
    limits="No symptom: it is refused before it can have one.",
)
