"""Somebody edits .env on the host, as the guide says; containers do not read it, and the next up would not know."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import on_host, preview, says, up

SCENARIO = Scenario(
    title=".env edited on the host",
    guide="mech-llms: API Key Errors",
    breaks=on_host(
        "sed -i 's/^OPENAI_API_KEY=.*/OPENAI_API_KEY=sk-other/' /opt/mech-services/mech-llms/.env; "
        "chmod 644 /opt/mech-services/mech-llms/.env",
        "on the host: OPENAI_API_KEY in mech-llms/.env edited, the file left readable by all",
    ),
    cause="ENV_FILE_EDITED",
    symptom=(says("stat -c %a /opt/mech-services/mech-llms/.env", "644"),),
    seen=(preview("drift: services: /opt/mech-services/mech-llms/.env: edited, mode 644"),),
    heal=up(),
    after=says("stat -c %a /opt/mech-services/mech-llms/.env", "600"),
)
