"""A ANTHROPIC_API_KEY of the right form that its vendor does not take: only running it shows that."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import config, config_back, depends, status, up

SCENARIO = Scenario(
    title="ANTHROPIC_API_KEY wrong",
    guide="mech-llms: API Key Errors",
    breaks=config("mech:ANTHROPIC_API_KEY", "sk-ant-api03-wrong000000000000000000000001", secret=True) + up(),
    symptom=(depends("llm", "anthropic", "Invalid API key provided (anthropic: see ANTHROPIC_API_KEY)"),),
    seen=(status("llm 503 degraded: anthropic: Invalid API key provided (anthropic: see ANTHROPIC_API_KEY)"),),
    heal=config_back() + up(),
)
