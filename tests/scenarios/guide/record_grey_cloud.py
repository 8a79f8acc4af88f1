"""The orange cloud is grey: visitors reach the host itself, with its self-signed certificate."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import preview, record, refused, status, up

SCENARIO = Scenario(
    title="Grey cloud",
    guide="DNS Propagation Issues",
    breaks=record("llm", "llm's proxy is switched off (grey cloud)", proxied=False),
    cause="RECORD_NOT_PROXIED",
    symptom=(refused("https://llm.mech.is/health", "self-signed certificate"),),
    seen=(
        preview("edge-llm update [diff: ~proxied]"),
        status("llm 0 down", "self-signed certificate"),
    ),
    heal=up(),
)
