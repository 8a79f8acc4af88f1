"""A rule before ours closes SSH: Pulumi, too, is shut out; the console opens the door again."""

from mech_infra.commands import sharing
from mech_infra.commands.ssh import SOCKET
from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import console, holds, on_host, preview, up
from tests.scenarios.world import World


def shut_out(world: World) -> None:
    said = world.ssh("true", check=False)
    assert "timed out" in said, said
    # The connection of an `up` a moment ago is let through, and who asks by it sees the rule: here somebody comes without one.
    sharing.part(["ssh", "-o", f"ControlPath={SOCKET}"], f"root@{world.host_ip}")


SCENARIO = Scenario(
    title="UFW rule order cuts SSH",
    guide="Issue 1: All Services Unreachable",
    breaks=on_host("ufw insert 1 deny 22"),
    cause="SSH_TIMED_OUT",
    symptom=(holds("`ssh root@HOST`: “Connection timed out”", shut_out),),
    seen=(preview("does not answer"),),
    heal=console("ufw delete deny 22") + up(),
    undo=console("ufw delete deny 22", check=False),
    limits="No program can come in by a closed door: Vultr's console is needed, which the sandbox stands in for "
    "by entering the host's namespaces.",
)
