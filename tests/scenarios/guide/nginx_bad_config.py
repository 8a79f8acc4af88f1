"""An edit breaks nginx's config, and the restart does not come back."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import http, on_host, preview, says, up

SCENARIO = Scenario(
    title="nginx: bad config",
    guide="Nginx Proxy Issues",
    breaks=on_host(
        "sed -i '0,/listen 80;/s//listen 80/' /etc/nginx/conf.d/mech.conf; systemctl restart nginx", check=False
    ),
    cause="NGINX_CONFIG_REFUSED",
    symptom=(http("llm", 521), says("nginx -t", "[emerg]")),
    seen=(preview("drift: proxy: /etc/nginx/conf.d/mech.conf: edited", "drift: proxy: nginx -t: refuses"),),
    heal=up(),
)
