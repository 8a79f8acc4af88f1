"""nginx takes bodies of 1 MB only, its own default."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import http, on_host, preview, up

SCENARIO = Scenario(
    title="Upload too large",
    guide="mech-storage: File Upload Failures",
    breaks=on_host(
        "sed -i 's/client_max_body_size .*;/client_max_body_size 1m;/' /etc/nginx/conf.d/mech.conf && systemctl reload nginx"
    ),
    cause="NGINX_CONFIG_EDITED",
    symptom=(http("storage", 413, "/files/big.bin", method="PUT", size=3_000_000),),
    seen=(preview("drift: proxy: /etc/nginx/conf.d/mech.conf: edited"),),
    heal=up(),
    after=http("storage", 201, "/files/big.bin", method="PUT", size=3_000_000),
)
