"""The record is gone: the name does not resolve."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import deleted, http, preview, refused, status, up

SCENARIO = Scenario(
    title="A record missing",
    guide="DNS Propagation Issues",
    breaks=deleted("llm"),
    cause="RECORD_MISSING",
    symptom=(refused("https://llm.mech.is/health", "Name or service not known"),),
    seen=(preview("+ cloudflare:index:DnsRecord edge-llm create"), status("llm 0 down", "Name or service not known")),
    heal=up(),
    after=http("llm", 200),
)
