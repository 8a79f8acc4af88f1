"""A OPENAI_API_KEY of the right form that its vendor does not take: only running it shows that, and what runs goes on."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import config, config_back, http, refusal, up, up_refused

SCENARIO = Scenario(
    title="OPENAI_API_KEY wrong",
    guide="mech-llms: API Key Errors",
    breaks=config("mech:OPENAI_API_KEY", "sk-proj-wrong00000000000000000000000000000001", secret=True) + up_refused(),
    cause="ROLLOUT_REFUSED",
    symptom=(http("llm", 200),),
    seen=(refusal("llm", "Invalid API key provided (openai: see OPENAI_API_KEY)"),),
    heal=config_back() + up(),
)
