"""A service has a wrong password for MongoDB."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import depends, preview, remade, status, up

SCENARIO = Scenario(
    title="MongoDB: authentication failure",
    guide="MongoDB Connection Issues",
    breaks=remade("memories", env="MONGODB_URI=mongodb://mech:wrong@mongodb:27017/mech?authSource=admin"),
    cause=("DATABASE_REFUSES", "CONTAINER_FOREIGN"),
    symptom=(depends("memories", "mongodb", "MongoDB authentication failed at mongodb:27017"),),
    seen=(
        preview("drift: docker: container mech-memories: made by hand"),
        status("memories 503 failed: mongodb: MongoDB authentication failed at mongodb:27017"),
    ),
    heal=up(),
)
