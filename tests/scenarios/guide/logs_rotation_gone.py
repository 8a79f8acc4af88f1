"""The rotation of nginx's logs is removed: the disk fills slowly."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import on_host, preview, says, up

SCENARIO = Scenario(
    title="Log rotation removed",
    guide="Disk Space Issues",
    breaks=on_host("rm /etc/logrotate.d/mech"),
    cause="LOGROTATE_MISSING",
    symptom=(says("ls /etc/logrotate.d/mech", "No such file"),),
    seen=(preview("drift: proxy: /etc/logrotate.d/mech: missing"),),
    heal=up(),
    after=says("logrotate -d /etc/logrotate.d/mech", "rotating pattern: /var/log/nginx/mech-*.log"),
)
