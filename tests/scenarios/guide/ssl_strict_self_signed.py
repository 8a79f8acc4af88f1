"""SSL mode Full (strict) over the guide's self-signed certificate."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import http, preview, setting, status, up

SCENARIO = Scenario(
    title="SSL strict, self-signed",
    guide="Issue 3: SSL/TLS Certificate Errors",
    breaks=setting("ssl", "strict"),
    cause="SSL_MODE",
    symptom=(http("llm", 526),),
    seen=(
        preview("edge-ssl update [diff: ~value]"),
        status("llm 526 down: the origin's certificate is not valid: SSL mode strict needs origin-ca"),
    ),
    heal=up(),
)
