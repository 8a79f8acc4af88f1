"""The host is halted at Vultr: nothing answers, and nothing of ours can be asked."""

from tests.scenarios.scenario import Scenario, Step
from tests.scenarios.steps import http, preview, recover, status, up

SCENARIO = Scenario(
    title="Host halted",
    guide="Escalation: Infrastructure Failure",
    breaks=Step(
        "at Vultr: the instance is halted", lambda world: world.vultr("POST", f"/instances/{world.instance}/halt")
    ),
    symptom=(http("llm", 522, within_s=60),),
    seen=(preview("does not answer"), status("llm 522 down: no answer from the origin")),
    heal=recover() + up(),
)
