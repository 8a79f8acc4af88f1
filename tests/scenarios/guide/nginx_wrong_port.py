"""nginx sends a service's requests to a port where nobody listens."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import http, on_host, preview, status, up

SCENARIO = Scenario(
    title="Wrong upstream port",
    guide="Nginx Proxy Issues",
    breaks=on_host(
        "sed -i 's/127.0.0.1:[12]3008/127.0.0.1:3018/' /etc/nginx/conf.d/mech.conf && systemctl reload nginx"
    ),
    cause="NGINX_CONFIG_EDITED",
    symptom=(http("llm", 502),),
    seen=(
        preview("drift: proxy: /etc/nginx/conf.d/mech.conf: edited"),
        status("llm 502 down: nginx has no answer from the container: is it running, is the upstream port right?"),
    ),
    heal=up(),
)
