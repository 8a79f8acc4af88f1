"""A setting that the service refuses: its new version ends at once, and the one before goes on."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import config, config_back, http, refusal, told, up, up_refused
from tests.scenarios.world import World


def preview(world: World) -> str:
    done = world.stack.pulumi("preview", check=False)
    said = done.stdout + done.stderr
    # Nobody changed the host: that the version before serves is what the refusal says.
    assert "drift: queue" not in said, said
    return said


SCENARIO = Scenario(
    title="A setting that ends the service",
    guide="Automated Troubleshooting (unhealthy containers)",
    breaks=config("mech:services.queue.environment.QUEUE_WORKERS", "0") + up_refused(),
    cause="ROLLOUT_REFUSED",
    symptom=(http("queue", 200),),
    seen=(
        refusal("queue", "QUEUE_WORKERS must be a whole number from 1 to 64"),
        told("pulumi preview", preview, "services-queue-switch", by="preview"),
    ),
    heal=config_back() + up(),
)
