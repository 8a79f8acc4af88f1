"""Another process has taken a service's port while its container was down."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import on_host, preview, says, told, up

SCENARIO = Scenario(
    title="Port taken by another process",
    guide="Port Binding Issues",
    breaks=on_host(
        "at=$(docker port mech-search 3007); docker stop mech-search; "
        "systemd-run --quiet --unit=intruder nc -lk ${at%:*} ${at#*:}; sleep 1",
        "on the host: `docker stop mech-search`, then another process listens where `docker port mech-search` showed it",
    ),
    cause="PORT_TAKEN",
    symptom=(says("docker start mech-search", "address already in use"),),
    seen=(
        preview("not ours: port", "3007 is held by nc", "drift: docker: container mech-search: exited"),
        told("pulumi up", lambda world: world.up(check=False), "address already in use", by="up"),
    ),
    heal=on_host("systemctl stop intruder", "on the host: the other process ended (guide: `kill $(lsof -t -i:13007)`)")
    + up(),
    undo=on_host("systemctl stop intruder", check=False),
)
