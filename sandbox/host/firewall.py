"""Vultr's firewall group of one host, as nftables rules outside it (its own ufw knows nothing of them).

Rules accept; what no rule accepts is dropped; answers to what the host began are let in (provider: Vultr firewall,
stateful, inbound only). It filters the main interface: what comes by a VPC passes (measured by others, see PARITY.md).
"""

from __future__ import annotations

import ipaddress

from sandbox.host.model import FirewallRule, HostError, Place

_NUMBERED = {"gre": "47", "esp": "50", "ah": "51"}


def table(place: Place) -> str:
    """The sandbox's nftables table."""
    return f"inet {place.settings.interface}"


def chains(place: Place) -> tuple[str, str, str]:
    """(rules, hook for forwarded traffic, hook for the machine's own, such as the edge's)."""
    return f"host-{place.tag}", f"fwd-{place.tag}", f"own-{place.tag}"


def line(rule: FirewallRule) -> str:
    """One rule as nftables text. Raises HostError for what Vultr would refuse."""
    try:
        net = ipaddress.ip_network(f"{rule.subnet}/{rule.subnet_size}", strict=False)
    except ValueError:
        raise HostError(f"firewall rule: {rule.subnet}/{rule.subnet_size} is not a network") from None
    if rule.ip_type not in ("v4", "v6") or net.version != int(rule.ip_type[1]):
        raise HostError(f"firewall rule: {net} is not an address range of IP{rule.ip_type}")
    family = "ip" if net.version == 4 else "ip6"
    # A family match even for "anywhere": a v4 rule must not open v6.
    source = f"{family} saddr {net}" if net.prefixlen else f"meta nfproto {'ipv4' if net.version == 4 else 'ipv6'}"
    if rule.protocol in ("tcp", "udp"):
        return f"{source} {_port(rule)} accept"
    if rule.port:
        raise HostError(f"firewall rule: {rule.protocol} has no ports, but port {rule.port!r} is given")
    if rule.protocol == "icmp":
        return f"{source} meta l4proto {'icmp' if net.version == 4 else 'ipv6-icmp'} accept"
    if rule.protocol in _NUMBERED:
        return f"{source} meta l4proto {_NUMBERED[rule.protocol]} accept"
    raise HostError(f"firewall rule: {rule.protocol!r} is not a protocol (tcp, udp, icmp, gre, esp, ah)")


def _port(rule: FirewallRule) -> str:
    if not rule.port:
        return f"meta l4proto {rule.protocol}"
    try:
        ends = [int(end) for end in rule.port.replace("-", ":").split(":")]
    except ValueError:
        ends = []
    if len(ends) not in (1, 2) or not all(1 <= end <= 65535 for end in ends) or ends[0] > ends[-1]:
        raise HostError(f"firewall rule: port {rule.port!r} is not a port: 80, 3001:3010 or empty for all")
    return f"{rule.protocol} dport {'-'.join(map(str, ends))}"


def script(place: Place, rules: list[FirewallRule] | None) -> str:
    """What `nft -f -` takes, in one transaction, to make `rules` hold; None opens everything."""
    where = table(place)
    inner, forward, own = chains(place)
    out = [f"add table {where}"]
    for name, hook in ((forward, "forward"), (own, "output")):
        # `add` first, so that `delete` cannot fail on what is not there
        out += [f"add chain {where} {name} {{ type filter hook {hook} priority 0; policy accept; }}",
                f"flush chain {where} {name}"]  # fmt: skip
    out += [f"add chain {where} {inner}", f"flush chain {where} {inner}"]
    if rules is None:
        return "\n".join([*out, *(f"delete chain {where} {name}" for name in (forward, own, inner))]) + "\n"
    out.append(f"add rule {where} {inner} ct state established,related accept")
    out += [f"add rule {where} {inner} {line(rule)}" for rule in rules]
    out.append(f"add rule {where} {inner} drop")
    out += [f'add rule {where} {name} oifname "{place.veth}" jump {inner}' for name in (forward, own)]
    return "\n".join(out) + "\n"
