"""nginx's logs have grown; rotation is declared, and the guide's command does it at once."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import diagnosis, on_host, preview, says

SCENARIO = Scenario(
    title="Logs huge",
    guide="Disk Space Issues",
    breaks=on_host("head -c 150M /dev/zero | tr '\\0' x >> /var/log/nginx/mech-llm.access.log"),
    cause="LOG_LARGE",
    symptom=(says("du -sm /var/log/nginx/mech-llm.access.log", "15"),),
    seen=(
        preview("not well: /var/log/nginx/mech-llm.access.log takes 15", "MB: logrotate"),
        diagnosis("du -sh /var/log/nginx/mech-llm.access.log", "15", "M"),
    ),
    heal=on_host("logrotate /etc/logrotate.conf; : > /var/log/nginx/mech-llm.access.log.1"),
    after=says("stat -c %s /var/log/nginx/mech-llm.access.log | wc -c | tr -d ' '", ""),
)
