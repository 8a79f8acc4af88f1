"""The host's disk is full: uploads cannot be kept for a moment."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import diagnosis, emptied, fill, http, preview

SCENARIO = Scenario(
    title="Disk full",
    guide="Disk Space Issues",
    breaks=fill("/var/tmp"),
    cause="DISK_FULL",
    symptom=(
        http("storage", 507, "/files/a.txt", method="PUT", size=1_000, text="cannot keep the upload"),
        # What is larger than nginx' buffers it cannot keep itself.
        http("storage", 500, "/files/b.txt", method="PUT", size=100_000, text="nginx"),
    ),
    seen=(preview("not well: / is 100 % full"), diagnosis("df -h /", "100%")),
    heal=emptied("/var/tmp"),
    after=http("storage", 201, "/files/a.txt", method="PUT", size=100_000),
    undo=emptied("/var/tmp"),
)
