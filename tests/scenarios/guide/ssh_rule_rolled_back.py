"""Our own firewall change would shut SSH out: the host undoes it by itself, and says so."""

from mech_infra.commands import firewall
from tests.scenarios.scenario import Scenario, Step
from tests.scenarios.steps import holds, nothing, says, told
from tests.scenarios.world import World

# As `pulumi up` runs it; 198.51.100.0/24 is nobody's, so SSH is closed to all.
WANTED = firewall.rules(["198.51.100.0/24"], "3001:3010")
GUARD = firewall.docker_guard("3001:3010")


def lock_out() -> Step:
    return Step(
        "the program's own firewall command with `mech:host.sshFrom: [198.51.100.0/24]` (roll-back after 20 s)",
        lambda world: world.ssh(firewall.apply(WANTED, GUARD, 20)),
    )


def shut_out(world: World) -> None:
    said = world.ssh("true", check=False)
    assert "timed out" in said, said


def let_in(world: World) -> None:
    assert "22/tcp" in world.ssh("ufw status")


SCENARIO = Scenario(
    title="Our own rule cuts SSH: rolled back",
    guide="Issue 1: All Services Unreachable",
    breaks=lock_out(),
    uncaused="the host has put it right by the time that anybody can look",
    symptom=(holds("`ssh root@HOST`: “Connection timed out”", shut_out),),
    seen=(
        told(
            "the command that confirms (a new SSH session, as `pulumi up` opens it)",
            lambda world: world.ssh(firewall.confirm(firewall.fingerprint(WANTED, GUARD)), check=False),
            "the firewall change was rolled back on the host before a new SSH session got in",
            "The old rules are in force",
            by="up",
            within_s=60,
        ),
    ),
    heal=nothing("nothing: the host has put the old rules back by itself"),
    after=says("ufw status", "22/tcp                     ALLOW       Anywhere"),
    limits="Through the whole program Vultr's own group, changed first and by API, would close 22 before UFW does.",
)
