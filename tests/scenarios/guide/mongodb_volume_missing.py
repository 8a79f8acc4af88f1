"""The data volume is not mounted, and MongoDB starts with an empty directory."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import http, on_host, preview, up

SCENARIO = Scenario(
    title="MongoDB's volume missing",
    guide="MongoDB Connection Issues",
    breaks=on_host(
        "docker stop redis mongodb; umount /opt/mech-services/shared/data; "
        "mkdir -p /opt/mech-services/shared/data/mongodb /opt/mech-services/shared/data/redis; docker start redis mongodb",
        "on the host: databases stopped, `umount /opt/mech-services/shared/data`, databases started",
    ),
    cause="VOLUME_NOT_MOUNTED",
    symptom=(http("memories", 503, "/memories?tag=canary", text="MongoDB authentication failed"),),
    seen=(preview("drift: data volume: /opt/mech-services/shared/data: not mounted (declared: mounted)"),),
    heal=up(),
    limits="Without a password MongoDB would let everybody in, and answer as if there were no data.",
)
