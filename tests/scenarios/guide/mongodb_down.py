"""MongoDB is stopped."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import depends, on_host, preview, status, up

SCENARIO = Scenario(
    title="MongoDB down",
    guide="MongoDB Connection Issues",
    breaks=on_host("docker stop mongodb"),
    cause="MONGODB_DOWN",
    symptom=(depends("memories", "mongodb", "Could not connect to MongoDB at mongodb:27017"),),
    seen=(
        preview("drift: docker: container mongodb: exited"),
        status("memories 503 failed: mongodb: Could not connect to MongoDB at mongodb:27017"),
    ),
    heal=up(),
)
