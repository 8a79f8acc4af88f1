"""SSL mode Full, and nginx no longer listens on 443: refused."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import http, on_host, preview, setting, status, up

SCENARIO = Scenario(
    title="SSL Full with no listener",
    guide="Issue 3: SSL/TLS Certificate Errors",
    breaks=setting("ssl", "full")
    + on_host("sed -i '/listen 443/d; /ssl_/d' /etc/nginx/conf.d/mech.conf && systemctl restart nginx"),
    cause=("SSL_MODE", "NGINX_CONFIG_EDITED"),
    symptom=(http("llm", 521),),
    seen=(
        preview("edge-ssl update", "drift: proxy: /etc/nginx/conf.d/mech.conf: edited"),
        status("llm 521 down: the origin refuses connections"),
    ),
    heal=up(),
)
