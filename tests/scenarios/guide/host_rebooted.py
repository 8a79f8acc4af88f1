"""The host reboots: everything comes back by itself, in the right order (the data volume before Docker)."""

from tests.scenarios.scenario import Scenario, Step, Symptom
from tests.scenarios.steps import diagnosis, nothing
from tests.scenarios.world import World


def away(world: World) -> None:
    got = world.get("https://llm.mech.is/", timeout=15)
    assert 500 <= got.code < 530, got


SCENARIO = Scenario(
    title="Host rebooted",
    guide="Escalation: Infrastructure Failure",
    breaks=Step(
        "at Vultr: the instance is restarted", lambda world: world.vultr("POST", f"/instances/{world.instance}/reboot")
    ),
    cause="HOST_REBOOTED",
    symptom=(Symptom("HTTP 52x or 502 at `https://llm.mech.is/`, for the seconds of the boot", away, pause_s=0.1),),
    seen=(diagnosis("docker ps --format '{{.Names}}: {{.Status}}'", "mech-llms: Up", "seconds", within_s=60),),
    heal=nothing("nothing: units and containers start at boot"),
)
