"""A OPENAI_API_KEY of the right form that its vendor does not take: only running it shows that."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import config, config_back, depends, status, up

SCENARIO = Scenario(
    title="OPENAI_API_KEY wrong",
    guide="mech-llms: API Key Errors",
    breaks=config("mech:OPENAI_API_KEY", "sk-proj-wrong00000000000000000000000000000001", secret=True) + up(),
    symptom=(depends("llm", "openai", "Invalid API key provided (openai: see OPENAI_API_KEY)"),),
    seen=(status("llm 503 degraded: openai: Invalid API key provided (openai: see OPENAI_API_KEY)"),),
    heal=config_back() + up(),
)
