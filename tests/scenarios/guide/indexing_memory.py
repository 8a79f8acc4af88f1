"""The indexer's memory limit is lowered by hand: the kernel ends it in the middle of its work."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import got, http, large_requests, on_host, preview, says, up

SCENARIO = Scenario(
    title="Indexing fails: memory",
    guide="mech-indexer: Indexing Failures",
    breaks=on_host("docker update --memory 6m --memory-swap 6m mech-indexer")
    + large_requests("indexer", "/index", "repo"),
    symptom=(
        says(
            "docker events --since 120s --until 0s --filter event=die --filter container=mech-indexer", "exitCode=137"
        ),
        got(502),
    ),
    seen=(preview("docker:index:Container services-indexer", "~memory"),),
    heal=up(),
    after=http("indexer", 200, "/index", method="POST", body={"repo": "mech-is/example"}),
    limits="The stand-in of GitHub has one small repository: large requests take the memory that a large one would.",
)
