"""A second A record stands beside ours: every other visitor lands elsewhere."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import http, preview, shadowed, unshadowed

SCENARIO = Scenario(
    title="A record shadowed",
    guide="DNS Propagation Issues",
    breaks=shadowed("llm", "203.0.113.9"),
    cause="RECORD_SHADOWED",
    symptom=(http("llm", 523), http("llm", 200)),
    seen=(preview("not ours: the record A llm.mech.is → 203.0.113.9 stands beside ours, and visitors get either"),),
    heal=unshadowed("llm", "203.0.113.9"),
    undo=unshadowed("llm", "203.0.113.9"),
)
