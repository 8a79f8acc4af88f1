"""R2's token has lost its right to the bucket."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import http, status, vendor, vendors_well

SCENARIO = Scenario(
    title="R2 access denied",
    guide="mech-storage: R2 Connection Errors",
    breaks=vendor("in Cloudflare's dashboard: the R2 token loses its right to the bucket", r2={"denied": True}),
    cause="KEY_REFUSED",
    symptom=(http("storage", 502, "/files/a.txt", method="PUT", size=10, text="Access Denied"),),
    seen=(status("storage 503 degraded: r2: Access Denied", within_s=90),),
    heal=vendors_well("in Cloudflare's dashboard: the right is given back"),
    after=http("storage", 201, "/files/a.txt", method="PUT", size=10),
)
