"""The indexer's memory limit is lowered by hand: the kernel ends it in the middle of its work."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import http, on_host, preview, says, up

SCENARIO = Scenario(
    title="Indexing fails: memory",
    guide="mech-indexer: Indexing Failures",
    breaks=on_host(
        "docker stop -t 1 mech-indexer; docker update --memory 6m --memory-swap 6m mech-indexer; docker start mech-indexer",
        check=False,
    ),
    symptom=(
        says("docker inspect -f '{{.State.Status}} {{.RestartCount}} {{.State.ExitCode}}' mech-indexer", "137"),
        http("indexer", 502, "/index", method="POST", body={"repo": "mech-is/example"}),
    ),
    seen=(preview("docker:index:Container services-indexer", "~memory"),),
    heal=up(),
    after=http("indexer", 200, "/index", method="POST", body={"repo": "mech-is/example"}),
)
