"""The instance is deleted at Vultr: the host is made anew, and the data is found on its block storage."""

from tests.scenarios.scenario import Scenario, Step
from tests.scenarios.steps import http, recover, status, up

SCENARIO = Scenario(
    title="Host lost for good",
    guide="Escalation: Infrastructure Failure",
    breaks=Step("at Vultr: the instance is deleted", lambda world: world.lose_host()),
    cause="INSTANCE_GONE",
    symptom=(http("llm", 523, within_s=60),),
    seen=(status("llm 523 down: the origin cannot be reached"),),
    heal=recover() + up(),
    limits="Redis is asked to save first: what it wrote in the last second is not on the disk yet, and would go with the host.",
)
