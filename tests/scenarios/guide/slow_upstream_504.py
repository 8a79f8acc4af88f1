"""nginx gives up on a slow service before it answers."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import http, on_host, preview, up, vendor, vendors_well

SCENARIO = Scenario(
    title="Slow upstream: 504",
    guide="Issue 1: All Services Unreachable (524 and 504)",
    breaks=vendor("OpenAI answers after 1.5 s", openai={"delay_s": 1.5})
    + on_host(
        "sed -i 's/proxy_read_timeout .*;/proxy_read_timeout 1s;/' /etc/nginx/conf.d/mech.conf && systemctl reload nginx"
    ),
    cause="NGINX_CONFIG_EDITED",
    symptom=(http("llm", 504, "/chat", method="POST", body={"prompt": "hello"}),),
    seen=(preview("drift: proxy: /etc/nginx/conf.d/mech.conf: edited"),),
    heal=up(),
    after=http("llm", 200, "/chat", method="POST", body={"prompt": "hello"}, text="(sandbox) hello"),
    undo=vendors_well(),
)
