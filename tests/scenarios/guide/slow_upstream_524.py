"""A service takes requests and does not answer: the edge gives up first."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import http, on_host, preview, status, up

SCENARIO = Scenario(
    title="Slow upstream: 524",
    guide="Issue 1: All Services Unreachable (524 and 504)",
    breaks=on_host("docker pause mech-search"),
    cause="CONTAINER_PAUSED",
    symptom=(http("search", 524),),
    seen=(
        preview("drift: docker: container mech-search: paused"),
        status("search 524 down: the origin accepted and did not answer in time"),
    ),
    heal=up(),
    undo=on_host("docker unpause mech-search", check=False),
    limits="The edge waits 8 s here, 120 s in life.",
)
