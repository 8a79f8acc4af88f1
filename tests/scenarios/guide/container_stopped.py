"""A container is stopped; `unless-stopped` leaves it so."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import http, on_host, preview, status, up

SCENARIO = Scenario(
    title="Container stopped",
    guide="System Status Overview",
    breaks=on_host("docker stop mech-search"),
    cause="CONTAINER_STOPPED",
    symptom=(http("search", 502),),
    seen=(preview("drift: docker: container mech-search: exited"), status("search 502 down")),
    heal=up(),
)
