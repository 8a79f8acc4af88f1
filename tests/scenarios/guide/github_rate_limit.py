"""GitHub's hourly limit is used up."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import http, status, vendor, vendors_well

SCENARIO = Scenario(
    title="GitHub rate limit",
    guide="mech-indexer: GitHub Token Errors",
    breaks=vendor("the hour's requests to GitHub are used up", github={"rate_limited": True}),
    cause="VENDOR_LIMIT",
    symptom=(
        http(
            "indexer",
            502,
            "/index",
            method="POST",
            body={"repo": "mech-is/example"},
            text="API rate limit exceeded (GitHub)",
        ),
    ),
    seen=(status("indexer 503 degraded: github: API rate limit exceeded (GitHub)", within_s=90),),
    heal=vendors_well("GitHub's next hour begins"),
    after=http("indexer", 200, "/index", method="POST", body={"repo": "mech-is/example"}),
)
