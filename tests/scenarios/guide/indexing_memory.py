"""The indexer's memory limit is lowered by hand: the kernel ends it in the middle of its work."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import got, http, large_requests, on_host, preview, says, up

SCENARIO = Scenario(
    title="Indexing fails: memory",
    guide="mech-indexer: Indexing Failures",
    breaks=on_host("docker update --memory 10m --memory-swap 10m mech-indexer")
    + large_requests("indexer", "/index", "repo"),
    cause=("CONTAINER_LIMITS", "CONTAINER_OOM"),
    symptom=(
        says(
            "docker events --since 120s --until 0s --filter event=die --filter container=mech-indexer", "exitCode=137"
        ),
        got(502),
    ),
    seen=(preview("docker:index:Container services-indexer", "~memory"),),
    heal=up(),
    after=http("indexer", 200, "/index", method="POST", body={"repo": "mech-is/example"}),
    undo=on_host("docker restart -t 10 mech-indexer"),  # else Docker goes on telling of it
    limits="The stand-in of GitHub has one small repository: large requests take the memory that a large one would. Lower still (6 MB), the indexer dies again and again, and then Docker refuses `docker update` now and then (“cannot update a stopped container”): `pulumi up` fails, and has to be run again.",
)
