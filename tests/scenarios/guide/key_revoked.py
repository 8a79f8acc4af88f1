"""The vendor no longer takes a key that was right: the running service says so, and a new key mends it."""

from sandbox import credentials
from tests.scenarios.scenario import Scenario, Step
from tests.scenarios.steps import back, config, depends, status, up
from tests.scenarios.world import World

NEW = "sk-proj-mechsandbox0000000000000000000000000000000002"


def revoked(world: World) -> None:
    credentials.ensure(world.settings, {"openai_api_key": NEW})


SCENARIO = Scenario(
    title="OPENAI_API_KEY revoked",
    guide="mech-llms: API Key Errors",
    breaks=Step("at OpenAI: the key is revoked, and another one made", revoked),
    cause="KEY_REFUSED",
    symptom=(depends("llm", "openai", "Invalid API key provided (openai: see OPENAI_API_KEY)", within_s=90),),
    seen=(status("llm 503 degraded: openai: Invalid API key provided (openai: see OPENAI_API_KEY)"),),
    heal=config("mech:OPENAI_API_KEY", NEW, secret=True) + up(),
    undo=back(),
)
