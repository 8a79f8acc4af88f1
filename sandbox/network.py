"""The sandbox's own network on the machine: a bridge without ports that holds .1–.4, routes, an nftables table.

A bridge, because this kernel has no dummy devices.
"""

from __future__ import annotations

from pathlib import Path

from sandbox import switch
from sandbox.host.model import HostError
from sandbox.host.run import locked, quiet, run, shell
from sandbox.settings import Settings

_FORWARD = Path("/proc/sys/net/ipv4/ip_forward")


def up(settings: Settings) -> None:
    """Make the network; does nothing where it is there. Raises HostError (needs root, iproute2, nftables)."""
    with locked(settings.state / "network.lock"):
        name = settings.interface
        if not Path(f"/sys/class/net/{name}").exists():
            _refuse_conflict(settings)
            run(["ip", "link", "add", name, "type", "bridge"])
        run(["ip", "link", "set", name, "up"])
        for address in (settings.gateway, settings.cloud, settings.edge, settings.dns):
            run(["ip", "addr", "replace", f"{address}/32", "dev", name])
        if _FORWARD.read_text().strip() != "1":
            _FORWARD.write_text("1")
        # An address without a host is unreachable at once, and never leaves the machine.
        run(["ip", "route", "replace", "unreachable", settings.network])
        run(["nft", "-f", "-"], _wall(settings))


def _wall(settings: Settings) -> str:
    """Hosts and clients reach the sandbox and nothing else: whatever they send elsewhere ends here."""
    table = f"inet {settings.interface}"
    cables = f'"m{settings.index}-*"'
    return (
        f"add table {table}\n"
        f"add chain {table} wall {{ type filter hook forward priority -10; policy accept; }}\n"
        f"flush chain {table} wall\n"
        f"add rule {table} wall iifname {cables} ip daddr != {settings.network} reject with icmp net-unreachable\n"
        f"add rule {table} wall iifname {cables} meta nfproto ipv6 drop\n"
    )


def down(settings: Settings) -> None:
    """Remove interface, table and private networks. ip_forward stays: others on the machine may need it. Hosts should be gone before."""
    quiet(["nft", "delete", "table", "inet", settings.interface])
    quiet(["ip", "route", "del", "unreachable", settings.network])
    switch.remove_all(settings)
    if Path(f"/sys/class/net/{settings.interface}").exists():
        run(["ip", "link", "del", settings.interface])


def cable(settings: Settings, veth: str, pid: int, *addresses: str) -> None:
    """Plug the network namespace of `pid` in: its eth0, and `veth` on the machine with a /32 route to each address."""
    if Path(f"/sys/class/net/{veth}").exists():  # of a boot before, on its way out
        quiet(["ip", "link", "del", veth])
    run(["ip", "link", "add", veth, "type", "veth", "peer", "name", "eth0", "netns", str(pid)])
    # The other end believes it is on a /24: this end answers ARP for all of it, at once.
    Path(f"/proc/sys/net/ipv4/conf/{veth}/proxy_arp").write_text("1")
    Path(f"/proc/sys/net/ipv4/neigh/{veth}/proxy_delay").write_text("0")
    run(["ip", "link", "set", veth, "up"])
    for address in addresses:
        run(["ip", "route", "replace", f"{address}/32", "dev", veth, "src", settings.gateway])


def inside(settings: Settings, *addresses: str) -> list[str]:
    """The command that waits for eth0 in its namespace, gives it the addresses, and becomes what follows it."""
    return shell(__file__, "inside", settings.gateway, *addresses, "--")


def _refuse_conflict(settings: Settings) -> None:
    taken = run(["ip", "-o", "-4", "addr", "show"])
    prefix = settings.gateway.rsplit(".", 1)[0] + "."
    for line in taken.splitlines():
        if f" {prefix}" in line:
            raise HostError(
                f"{settings.network} is in use on this machine ({line.split()[1]}). "
                "Choose another sandbox name: MECH_SANDBOX=NAME"
            )
