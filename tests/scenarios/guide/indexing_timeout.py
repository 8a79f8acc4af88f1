"""GitHub is slow: a repository is not read in time."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import http, status, vendor, vendors_well

SCENARIO = Scenario(
    title="Indexing fails: time-out",
    guide="mech-indexer: Indexing Failures",
    breaks=vendor("GitHub answers after 4 s (the indexer waits 2 s here, 60 s by default)", github={"delay_s": 4}),
    cause="VENDOR_TIMEOUT",
    symptom=(
        http(
            "indexer",
            504,
            "/index",
            method="POST",
            body={"repo": "mech-is/example"},
            text="Timeout during file processing of mech-is/example after 2s",
        ),
    ),
    seen=(status("indexer 503 degraded: github: GitHub did not answer in time", within_s=90),),
    heal=vendors_well(),
    after=http("indexer", 200, "/index", method="POST", body={"repo": "mech-is/example"}),
)
