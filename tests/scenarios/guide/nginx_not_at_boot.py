"""nginx is disabled: it works until the next reboot."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import on_host, preview, says, up

SCENARIO = Scenario(
    title="nginx not at boot",
    guide="Nginx Proxy Issues",
    breaks=on_host("systemctl disable nginx"),
    cause="NGINX_NOT_AT_BOOT",
    symptom=(says("systemctl is-enabled nginx", "disabled"),),
    seen=(preview("drift: proxy: unit nginx: not at boot"),),
    heal=up(),
    after=says("systemctl is-enabled nginx", "enabled"),
)
