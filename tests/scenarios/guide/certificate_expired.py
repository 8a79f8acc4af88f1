"""The origin's certificate has expired."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import certificate, preview, says, up

OPENSSL = "openssl s_client -connect 127.0.0.1:443 -servername llm.mech.is </dev/null"

SCENARIO = Scenario(
    title="Certificate expired",
    guide="Certificate Expiration",
    breaks=certificate("expired yesterday", ("*.mech.is", "mech.is"), days_left=-1),
    cause="CERTIFICATE_BAD",
    symptom=(
        says(
            OPENSSL, "certificate has expired", shown="openssl s_client -connect 127.0.0.1:443 -servername llm.mech.is"
        ),
    ),
    seen=(preview("drift: certificate: /etc/ssl/mech/mech.crt: expired on"),),
    heal=up(),
    after=says("openssl x509 -in /etc/ssl/mech/mech.crt -noout -checkend 2592000", "will not expire"),
)
