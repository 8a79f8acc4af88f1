"""The disk under MongoDB is full: what was indexed cannot be kept."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import diagnosis, emptied, fill, http, preview
from tests.scenarios.world import DATA

LARGE = {"title": "large", "text": "x" * 900_000}

SCENARIO = Scenario(
    title="Indexing fails: disk full",
    guide="mech-indexer: Indexing Failures",
    breaks=fill(DATA),
    cause="DISK_FULL",
    symptom=(http("search", 503, "/documents", method="POST", body=LARGE, text="MongoDB"),),
    seen=(preview(f"not well: {DATA} is 100 % full"), diagnosis(f"df -h {DATA}", "100%")),
    heal=emptied(DATA),
    after=http("indexer", 200, "/index", method="POST", body={"repo": "mech-is/example"}),
    undo=emptied(DATA),
    limits="The stand-in of GitHub has one small repository, which still finds room in MongoDB's files: "
    "a large document is put where the indexer puts its own.",
)
