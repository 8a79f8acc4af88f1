"""The host is halted at Vultr: nothing answers, and nothing of ours can be asked."""

from tests.scenarios.scenario import Scenario, Step
from tests.scenarios.steps import http, preview, recover, status, up

SCENARIO = Scenario(
    title="Host halted",
    guide="Escalation: Infrastructure Failure",
    breaks=Step(
        "at Vultr: the instance is halted", lambda world: world.vultr("POST", f"/instances/{world.instance}/halt")
    ),
    cause="INSTANCE_HALTED",
    symptom=(http("llm", 523, within_s=60),),
    seen=(preview("does not answer"), status("llm 523 down: the origin cannot be reached")),
    heal=recover() + up(),
    limits="The sandbox takes a halted host's address away (523); at Vultr nobody answers at it (522).",
)
