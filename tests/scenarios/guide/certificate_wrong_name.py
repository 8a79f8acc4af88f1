"""The origin's certificate is for another name."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import certificate, preview, says, up

OPENSSL = "openssl s_client -connect 127.0.0.1:443 -servername llm.mech.is </dev/null"

SCENARIO = Scenario(
    title="Certificate with a wrong name",
    guide="Certificate Expiration",
    breaks=certificate("for other.example", ("other.example",), days_left=100),
    cause="CERTIFICATE_BAD",
    symptom=(
        says(OPENSSL, "CN = other.example", shown="openssl s_client -connect 127.0.0.1:443 -servername llm.mech.is"),
    ),
    seen=(preview("drift: certificate: /etc/ssl/mech/mech.crt: for other.example"),),
    heal=up(),
    after=says("openssl x509 -in /etc/ssl/mech/mech.crt -noout -ext subjectAltName", "DNS:*.mech.is, DNS:mech.is"),
)
