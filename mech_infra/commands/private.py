"""The network between the hosts, as one of them sees it."""

from __future__ import annotations

from mech_infra.commands.script import room, script

# Of the private network: no container's, and none of those that Docker takes by itself for networks between hosts.
SUBNET, BITS = "10.96.0.0", 20
CIDR = f"{SUBNET}/{BITS}"


def description(hostname: str) -> str:
    """By which the network of the fleet whose first host is called so is known at Vultr."""
    return f"{hostname}-private"


def wait(address: str, timeout_s: int) -> str:
    """Wait until an interface has the address that Vultr gave the host there."""
    return script(room(__file__) / "wait.sh", address, timeout_s)
