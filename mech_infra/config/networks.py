"""Addresses and networks that the config names: who may come in, and who is turned away."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from mech_infra.catalogue import EDGE_NETWORKS
from mech_infra.config.types import form, shown, twice

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# A wider one is half a continent, and a slip: the first digit of a prefix.
_WIDEST = {4: 8, 6: 19}
# Of all addresses, where nobody would be left to speak of.
_MOST = {4: 1 / 4, 6: 1 / 32}


def _cidr(value: Any) -> str:
    text = str(value)
    try:
        return str(ipaddress.ip_network(text, strict=True))
    except ValueError:
        pass
    try:
        whole, host = ipaddress.ip_network(text, strict=False), ipaddress.ip_interface(text).ip
    except ValueError:
        raise ValueError(f"{shown(value)} is not a CIDR; write an address with its prefix, as 203.0.113.0/24") from None
    raise ValueError(
        f"{shown(value)} is not a CIDR as 203.0.113.0/24, but an address within a network; write {whole} for the network, or "
        f"{host}/{host.max_prefixlen} for that address alone"
    )


def _address_or_cidr(value: Any) -> str:
    text = str(value)
    if "/" in text:
        return _cidr(text)
    try:
        if "%" in text:  # a link's name behind it: nobody's outside that link
            raise ValueError
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError(
            f"{shown(value)} is neither an IP address nor a CIDR; write 203.0.113.7 or 203.0.113.0/24"
        ) from None


def nobody(network: Network) -> str | None:
    """Why no packet of the internet comes from there; None where one may. Private networks are a VPN's matter."""
    if network.prefixlen == 0:
        return None
    for what, so in (
        ("this machine itself (loopback)", network.is_loopback), ("multicast, which sends nothing", network.is_multicast),
        ("one link (link-local)", network.is_link_local), ("reserved, and nobody's", network.is_reserved and network.version == 4),
        ("no address at all", network.version == 4 and network.subnet_of(ipaddress.IPv4Network("0.0.0.0/8"))),
        ("no address at all", network.version == 6 and network.is_unspecified),
    ):  # fmt: skip
        if so:
            return what
    return None


def no_visitors(who: str, host: str = "") -> str | None:
    """Why the edge must not turn them away, as the end of a sentence; None where it may. `host` is the stack's own address."""
    network = ipaddress.ip_network(who)
    if network.prefixlen < _WIDEST[network.version]:
        return f"is too wide: it would turn away {_share(network)}"
    if host and _overlap(network, ipaddress.ip_network(host)):
        return f"has the stack's own host in it ({host})"
    edge = next((one for one in EDGE_NETWORKS if _overlap(network, ipaddress.ip_network(one))), None)
    if edge:
        return f"has the edge's own network {edge} in it; block whom it passes on"
    return f"is no visitor's address: it is {why}" if (why := nobody(network)) else None


def _share(network: Network) -> str:
    return "everybody" if network.prefixlen == 0 else f"1/{2**network.prefixlen} of all addresses"


def _overlap(one: Network, other: Network) -> bool:
    return one.version == other.version and one.overlaps(other)


def _visitor(who: str) -> str:
    if why := no_visitors(who):
        raise ValueError(f"{who} {why}; take it out, or write the few that you mean, as 203.0.113.0/24")
    return who


def _source(cidr: str) -> str:
    if why := nobody(ipaddress.ip_network(cidr)):
        raise ValueError(
            f"nobody comes from {cidr}: it is {why}; write the network from which you come, as 203.0.113.0/24"
        )
    return cidr


def blocked(networks: Sequence[str]) -> None:
    """Raises ValueError for a list that turns nearly everybody away, or has something twice."""
    twice(networks)
    for version, most in _MOST.items():
        share = _together(network for network in networks if ipaddress.ip_network(network).version == version)
        if share >= most:
            raise ValueError(
                f"together they are {share:.0%} of all IPv{version} addresses, so that the services would be down for those; "
                "write the few that you mean, as 203.0.113.0/24"
            )


def _together(networks: Iterable[str]) -> float:
    """Of all addresses of their version, as a fraction."""
    found: list[Any] = [ipaddress.ip_network(network) for network in networks]
    return float(sum(2.0**-network.prefixlen for network in ipaddress.collapse_addresses(found)))


def sources(networks: Sequence[str]) -> None:
    """Raises ValueError for a list from which nobody can reach a host that has an IPv4 address alone, or with one twice."""
    twice(networks)
    if networks and not any(ipaddress.ip_network(network).version == 4 for network in networks):
        raise ValueError(
            f"{', '.join(networks)} is IPv6 only, and the host has an IPv4 address alone: nobody would reach port 22; "
            "add your IPv4 network, as 203.0.113.0/24"
        )


AddressOrCidr = Annotated[str, BeforeValidator(_address_or_cidr), form("an address or a CIDR")]
Source = Annotated[str, BeforeValidator(_cidr), AfterValidator(_source), form("a CIDR")]
Visitor = Annotated[AddressOrCidr, AfterValidator(_visitor)]
