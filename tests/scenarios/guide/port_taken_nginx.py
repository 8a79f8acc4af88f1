"""Another process has taken a port of the guide's while nginx was down: nginx does not start, for any service."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import http, on_host, preview, says, told, up

SCENARIO = Scenario(
    title="Port taken: nginx does not start",
    guide="Port Binding Issues",
    breaks=on_host(
        "systemctl stop nginx; systemd-run --quiet --unit=intruder nc -lk 0.0.0.0 3007; sleep 1; systemctl start nginx",
        "on the host: nginx stopped, another process listens on 3007, nginx started",
        check=False,
    ),
    cause="NGINX_PORT_TAKEN",
    symptom=(http("llm", 521), says("journalctl -u nginx -n 20 --no-pager", "Address already in use")),
    seen=(
        preview("not ours: port 3007 is held by nc", "drift: proxy: unit nginx: not running"),
        told(
            "pulumi up", lambda world: world.up(check=False), "nginx does not start", "Address already in use", by="up"
        ),
    ),
    heal=on_host("systemctl stop intruder", "on the host: the other process ended (guide: `kill $(lsof -t -i:3007)`)")
    + up(),
    undo=on_host("systemctl stop intruder", check=False),
)
