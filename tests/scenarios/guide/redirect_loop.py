"""nginx redirects to https while the edge comes by plain HTTP (Flexible): a loop."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import http, on_host, preview, there, up

SCENARIO = Scenario(
    title="Redirect loop",
    guide="Issue 3: SSL/TLS Certificate Errors",
    breaks=on_host(
        "sed -i 's|^    location / {|    if ($scheme = http) { return 301 https://$host$request_uri; }\\n&|' "
        "/etc/nginx/conf.d/mech.conf && nginx -t && systemctl reload nginx",
        "on the host, in nginx: `if ($scheme = http) { return 301 https://$host$request_uri; }`",
    ),
    cause="NGINX_CONFIG_EDITED",
    symptom=(
        http("llm", 301, header=("location", "https://llm.mech.is/health")),
        there("curl -sSL -o /dev/null https://llm.mech.is/health", "redirects"),
    ),
    seen=(preview("drift: proxy: /etc/nginx/conf.d/mech.conf: edited"),),
    heal=up(),
)
