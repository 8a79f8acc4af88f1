"""The private networks between hosts (Vultr's VPCs): a bridge each on the machine, and in a host an interface for each.

Layer 2 and nothing else: no address of the machine is in it, and nothing is routed in or out. Vultr's firewall group does
not filter it, ufw on the host does. Sources: PARITY.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from sandbox.host.model import HostError, Place, Port
from sandbox.host.run import locked, quiet, run, shell
from sandbox.settings import Settings

MTU = 1450  # what Vultr's metadata gives the private interface
_LINKS = Path("/sys/class/net")


def name(settings: Settings, vpc: str) -> str:
    """The VPC's bridge on the machine (at most 15 characters)."""
    return f"v{settings.index}-{hashlib.sha256(vpc.encode()).hexdigest()[:8]}"


def cable(place: Place, vpc: str) -> str:
    """The machine's end of a host's cable to the VPC."""
    return f"p{place.settings.index}-{hashlib.sha256(f'{place.id} {vpc}'.encode()).hexdigest()[:8]}"


def plug(place: Place, pid: int, ports: Iterable[Port]) -> None:
    """Give the network namespace of `pid`, which is a host's, an interface for each port. Raises HostError."""
    for port in ports:
        own = cable(place, port.vpc)
        with locked(place.settings.state / "network.lock"):
            bridge = _bridge(place.settings, port.vpc)
            if (_LINKS / own).exists():  # of a boot before, on its way out
                quiet(["ip", "link", "del", own])
            run(["ip", "link", "add", own, "mtu", str(MTU), "type", "veth", "peer", "name", port.interface,
                 "address", port.mac, "mtu", str(MTU), "netns", str(pid)])  # fmt: skip
            run(["ip", "link", "set", own, "master", bridge, "up"])
        run(["nsenter", "-t", str(pid), "-n", "ip", "-batch", "-"],
            f"addr add {port.address}/{port.size} dev {port.interface}\nlink set {port.interface} up\n")  # fmt: skip


def unplug(place: Place, ports: Iterable[Port]) -> None:
    """Take the interfaces away; nothing happens where there are none (a host that is down has none)."""
    for port in ports:
        if (_LINKS / cable(place, port.vpc)).exists():
            quiet(["ip", "link", "del", cable(place, port.vpc)])


def remove(settings: Settings, vpc: str) -> None:
    """Remove the VPC's bridge; nothing happens if it is not there."""
    _delete(name(settings, vpc))


def remove_all(settings: Settings) -> None:
    """Remove every bridge and cable of the sandbox, those that a kill left behind, too."""
    for kind in "pv":
        for link in _LINKS.glob(f"{kind}{settings.index}-*"):
            _delete(link.name)


def _bridge(settings: Settings, vpc: str) -> str:
    bridge = name(settings, vpc)
    if not (_LINKS / bridge).exists():
        run(shell(__file__, "bridge", bridge))
    return bridge


def _delete(link: str) -> None:
    if (_LINKS / link).exists() and not quiet(["ip", "link", "del", link]) and (_LINKS / link).exists():
        raise HostError(f"the private network's {link} cannot be removed: try `ip link del {link}`")
