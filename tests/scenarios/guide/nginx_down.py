"""nginx is stopped."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import http, on_host, preview, status, up

SCENARIO = Scenario(
    title="nginx down",
    guide="Nginx Proxy Issues",
    breaks=on_host("systemctl stop nginx"),
    cause="NGINX_DOWN",
    symptom=(http("llm", 521),),
    seen=(
        preview("drift: proxy: unit nginx: not running"),
        status("llm 521 down: the origin refuses connections: is nginx running"),
    ),
    heal=up(),
)
