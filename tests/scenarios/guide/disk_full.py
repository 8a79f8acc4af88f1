"""The host's disk is full: uploads cannot be kept for a moment."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import diagnosis, http, on_host

SCENARIO = Scenario(
    title="Disk full",
    guide="Disk Space Issues",
    breaks=on_host(
        "fallocate -l $(df --output=avail -B1 / | tail -1) /var/tmp/full",
        "on the host: a file takes all that is free",
    ),
    symptom=(http("storage", 507, "/files/a.txt", method="PUT", size=100_000, text="cannot keep the upload"),),
    seen=(diagnosis("df -h /", "100%"),),
    heal=on_host("rm /var/tmp/full"),
    after=http("storage", 201, "/files/a.txt", method="PUT", size=100_000),
    undo=on_host("rm -f /var/tmp/full"),
)
