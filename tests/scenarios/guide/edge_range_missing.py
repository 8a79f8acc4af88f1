"""Only the edge is let in, and its range is taken out of UFW: it gets no answer, though the port looks open."""

from tests.scenarios.scenario import Scenario, Step
from tests.scenarios.steps import config, config_back, holds, http, preview, status, up
from tests.scenarios.world import World


def shut_out() -> Step:
    return Step(
        "on the host: `ufw delete allow from EDGE to any port 80 proto tcp && ufw reload`",
        lambda world: world.ssh(f"ufw delete allow from {world.settings.edge} to any port 80 proto tcp && ufw reload"),
    )


def nobody_else(world: World) -> None:
    got = world.net.run(
        f"curl -s -m 4 -o /dev/null -w '%{{http_code}}' -H 'Host: llm.mech.is' http://{world.host_ip}/health"
    )
    assert got.startswith("000"), got


SCENARIO = Scenario(
    title="A range of the edge is not let in",
    guide="Issue 1: All Services Unreachable",
    prepare=config("mech:firewall.webFrom", "cloudflare") + up(),
    breaks=shut_out(),
    cause="EDGE_RANGE_SHUT_OUT",
    symptom=(http("llm", 522), http("queue", 522)),
    seen=(
        preview("drift: firewall: 80/tcp from", "missing (declared: open)"),
        status("llm 522 down: no answer from the origin: UFW or the Vultr firewall blocks 80/443"),
    ),
    heal=up(),
    after=holds("the edge gets in again, and nobody else", nobody_else),
    undo=config_back() + up(),
    limits="The sandbox's edge comes from one address, so that all visitors are shut out; of Cloudflare's ranges one would be some.",
)
