"""Who is let in at the origin's web ports, and whether Cloudflare's edge is among them."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, collapse_addresses

from mech_infra.catalogue import EDGE_NETWORKS
from policies.model import GROUP_RULE, HOST_STATE, Stack
from policies.reading.ufw import covers
from policies.reading.ufw import ranges as ports

_EVERYBODY = IPv4Network("0.0.0.0/0")


def ranges(stack: Stack) -> list[IPv4Network]:
    """The edge's, as the program knows them (mech:firewall.webFrom), else as Cloudflare published them."""
    for sensor in stack.of(HOST_STATE):
        if known := sensor.items("access", "ranges"):
            return _networks(known)
    return _networks(EDGE_NETWORKS)


def group(stack: Stack, port: int) -> list[str]:
    """Whom Vultr's firewall group lets in at a TCP port: CIDRs. Its own word for Cloudflare is taken for all ranges."""
    found: list[str] = []
    for rule in stack.of(GROUP_RULE):
        if rule.text("protocol") == "tcp" and covers(ports(str(rule.get("port", default=""))), port):
            if rule.text("source") == "cloudflare":
                found += map(str, ranges(stack))
            else:
                found.append(f"{rule.text('subnet')}/{rule.number('subnetSize') or 0:.0f}")
    return found


def everybody(sources: Sequence[str]) -> bool:
    return _EVERYBODY in _networks(sources)


def lacking(edge: Sequence[IPv4Network], sources: Sequence[str]) -> str:
    """The ranges of the edge that are not let in, in words; empty where all are, or where nobody is let in at all."""
    let_in = list(collapse_addresses(_networks(sources)))
    lost = [str(one) for one in edge if not any(one.subnet_of(other) for other in let_in)] if sources else []
    return ", ".join(lost[:3]) + (f" and {len(lost) - 3} more" if lost[3:] else "")


def _networks(sources: Sequence[object]) -> list[IPv4Network]:
    found = []
    for source in sources:
        try:
            found.append(IPv4Network(str(source) or "0.0.0.0/0", strict=False))
        except ValueError:  # IPv6, or no address at all: lets in nobody of these
            continue
    return found
