"""OPENAI_API_KEY is not in the config, and the container was made anew without it."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import config_back, config_refuses, depends, gone, remade, up

SCENARIO = Scenario(
    title="OPENAI_API_KEY missing",
    guide="mech-llms: API Key Errors",
    breaks=gone("mech:OPENAI_API_KEY") + remade("llm", without="OPENAI_API_KEY"),
    cause="KEY_MISSING",
    symptom=(depends("llm", "openai", "Missing OPENAI_API_KEY"),),
    seen=(config_refuses("mech:OPENAI_API_KEY is missing and llm cannot work without it"),),
    heal=config_back() + up(),
)
