"""SSL mode Full, and port 443 speaks plain HTTP: the handshake fails."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import http, on_host, preview, setting, status, up

SCENARIO = Scenario(
    title="SSL Full, plain HTTP on 443",
    guide="Issue 3: SSL/TLS Certificate Errors",
    breaks=setting("ssl", "full")
    + on_host("sed -i 's/listen 443 ssl/listen 443/' /etc/nginx/conf.d/mech.conf && systemctl restart nginx"),
    cause=("SSL_MODE", "NGINX_CONFIG_EDITED"),
    symptom=(http("llm", 525),),
    seen=(
        preview("edge-ssl update", "drift: proxy: /etc/nginx/conf.d/mech.conf: edited"),
        status("llm 525 down: TLS to the origin failed"),
    ),
    heal=up(),
)
