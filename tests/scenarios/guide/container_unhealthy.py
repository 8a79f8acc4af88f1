"""A process hangs: it runs, takes connections and answers nothing."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import http, on_host, preview, says, status

SCENARIO = Scenario(
    title="Container unhealthy",
    guide="Automated Troubleshooting (unhealthy containers)",
    breaks=on_host("docker kill -s STOP mech-search"),
    cause="CONTAINER_UNHEALTHY",
    symptom=(
        http("search", 524),
        says("docker inspect -f '{{.State.Health.Status}}' mech-search", "unhealthy", within_s=75),
    ),
    seen=(
        preview("not well: the container mech-search is unhealthy"),
        status("search 524 down: the origin accepted and did not answer in time"),
    ),
    heal=on_host("docker restart -t 2 mech-search", "on the host, the guide's repair: `docker restart mech-search`"),
    undo=on_host("docker kill -s CONT mech-search", check=False),
    limits="Health is no part of the declared state: preview names it, and `up` restarts nothing for it.",
)
