"""A container is removed."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import http, on_host, preview, status, up

SCENARIO = Scenario(
    title="Container removed",
    guide="System Status Overview",
    breaks=on_host("docker rm -f mech-search"),
    cause="CONTAINER_MISSING",
    symptom=(http("search", 502),),
    seen=(preview("drift: docker: container mech-search: missing"), status("search 502 down")),
    heal=up(),
)
