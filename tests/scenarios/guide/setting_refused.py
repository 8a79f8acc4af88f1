"""A setting that the service refuses: its new version ends at once, and the one before goes on."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import config, config_back, http, preview, refusal, up, up_refused

SCENARIO = Scenario(
    title="A setting that ends the service",
    guide="Automated Troubleshooting (unhealthy containers)",
    breaks=config("mech:services.queue.environment.QUEUE_WORKERS", "0") + up_refused(),
    symptom=(http("queue", 200),),
    seen=(
        refusal("queue", "QUEUE_WORKERS must be a whole number from 1 to 64"),
        preview("services-queue-switch"),
    ),
    heal=config_back() + up(),
)
