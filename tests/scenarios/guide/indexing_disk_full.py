"""The disk under MongoDB is full: what was indexed cannot be kept."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import diagnosis, http, on_host

SCENARIO = Scenario(
    title="Indexing fails: disk full",
    guide="mech-indexer: Indexing Failures",
    breaks=on_host(
        "d=/opt/mech-services/shared/data; fallocate -l $(df --output=avail -B1 $d | tail -1) $d/full",
        "on the host: a file takes all that is free on the data volume",
    ),
    symptom=(http("indexer", 503, "/index", method="POST", body={"repo": "mech-is/example"}, text="MongoDB"),),
    seen=(diagnosis("df -h /opt/mech-services/shared/data", "100%"),),
    heal=on_host("rm /opt/mech-services/shared/data/full"),
    after=http("indexer", 200, "/index", method="POST", body={"repo": "mech-is/example"}),
    undo=on_host("rm -f /opt/mech-services/shared/data/full"),
)
