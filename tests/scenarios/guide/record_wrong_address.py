"""The A record has an address that is not the host's."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import http, preview, record, status, up

SCENARIO = Scenario(
    title="A record wrong",
    guide="DNS Propagation Issues",
    breaks=record("llm", "llm's A record = 203.0.113.9", content="203.0.113.9"),
    cause="RECORD_WRONG_ADDRESS",
    symptom=(http("llm", 523),),
    seen=(
        preview("edge-llm update [diff: ~content]"),
        status("llm 523 down: the origin cannot be reached: does the A record have the host's address?"),
    ),
    heal=up(),
)
