"""The host reboots: everything comes back by itself, in the right order (the data volume before Docker)."""

from tests.scenarios.scenario import Scenario, Step
from tests.scenarios.steps import http, nothing, status

SCENARIO = Scenario(
    title="Host rebooted",
    guide="Escalation: Infrastructure Failure",
    breaks=Step(
        "at Vultr: the instance is restarted", lambda world: world.vultr("POST", f"/instances/{world.instance}/reboot")
    ),
    symptom=(http("llm", 522),),
    seen=(status("llm 522 down"),),
    heal=nothing("nothing: units and containers start at boot"),
)
