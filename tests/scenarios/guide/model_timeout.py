"""The provider takes too long."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import http, status, vendor, vendors_well

SCENARIO = Scenario(
    title="Time-out from the model's provider",
    guide="mech-llms: Model Loading Failures",
    breaks=vendor("OpenAI answers after 5 s (the service waits 2 s here, 30 s by default)", openai={"delay_s": 5}),
    cause="VENDOR_TIMEOUT",
    symptom=(
        http(
            "llm",
            504,
            "/chat",
            method="POST",
            body={"prompt": "hello"},
            text="Timeout waiting for model response (openai, 2s)",
        ),
    ),
    seen=(status("llm 503 degraded: openai: Timeout waiting for model response", within_s=90),),
    heal=vendors_well(),
    after=http("llm", 200, "/chat", method="POST", body={"prompt": "hello"}, text="(sandbox) hello"),
)
