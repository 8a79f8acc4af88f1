"""The provider no longer has the model that we ask for."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import back, config, diagnosis, http, up, vendor

SCENARIO = Scenario(
    title="Model not available",
    guide="mech-llms: Model Loading Failures",
    breaks=vendor("OpenAI withdraws gpt-3.5-turbo", openai={"missing_models": ["gpt-3.5-turbo"]}),
    cause="MODEL_NOT_AVAILABLE",
    symptom=(
        http("llm", 502, "/chat", method="POST", body={"prompt": "hello"}, text="Could not load model gpt-3.5-turbo"),
    ),
    seen=(
        diagnosis(
            "docker logs mech-llms --tail 50", "Error: Could not load model gpt-3.5-turbo (openai does not have it)"
        ),
    ),
    heal=config("mech:services.llm.environment.LLM_MODEL", "gpt-4o") + up(),
    after=http("llm", 200, "/chat", method="POST", body={"prompt": "hello"}, text="(sandbox) hello"),
    undo=back(),
    limits="/health asks for the list of models, not for ours: only a request shows it.",
)
