"""Who reaches a port: the first rule that matches decides, after all of them the default."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from policies.reading.shell import known
from policies.reading.ufw.applications import expanded
from policies.reading.ufw.names import KNOWN
from policies.reading.ufw.rule import ANY4, ANY6, Rule
from policies.reading.ufw.table import Table

# Interfaces on which nobody comes from the internet, and the first ones of a host, on which all do.
_INSIDE = re.compile(r"(lo|docker|br-|veth|virbr|lxc|lxd|tailscale|wg|tun|tap|zt|nebula|cni|flannel|podman)")
_OUTSIDE = re.compile(r"(eth0|ens3|enp1s0|en\+|eth\+|e\+|wlan0|wlp\w+|ppp0)$")
# https://www.iana.org/assignments/iana-ipv4-special-registry: nobody comes from there over the internet.
_PRIVATE = [
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
                 "fc00::/7", "fe80::/10", "::1/128")
]  # fmt: skip
_WIDE = {4: 4, 6: 6}  # prefixes up to this are as good as everybody


@dataclass
class Sources:
    """Who is let in: networks, and interfaces (`on wg0`) or addresses (`to 10.0.0.5`) of the host's inner side."""

    words: list[str] = field(default_factory=list)

    @property
    def everybody(self) -> bool:
        return _cover_all(self.words)

    @property
    def public(self) -> list[str]:
        """Those from which somebody may come over the internet."""
        return [word for word in self.words if " " not in word and not _is_private(word)]


@dataclass
class Answer:
    """Who surely reaches it, and who possibly does."""

    least: Sources = field(default_factory=Sources)
    most: Sources = field(default_factory=Sources)


def who(table: Table, port: int, proto: str = "tcp", v6: bool = False, way: str = "in", default: bool = True) -> Answer:
    """Who reaches the port of the host (`way` out: whom it reaches there); `default`: whether the default counts."""
    found, closed = Answer(), False  # closed: from here on nothing is sure any more
    if v6 and not table.ipv6:
        return found
    anywhere = ANY6 if v6 else ANY4
    for rule in table.rules6 if v6 else table.rules:
        match = _matches(rule, port, proto, way)
        if match is False:
            continue
        inner = _inner(rule, way)
        far = rule.src if way == "in" else rule.dst
        if rule.action in ("allow", "limit"):
            word = inner or (far if known(far) else anywhere)
            found.most.words.append(word)
            if match and known(far) and not closed:
                found.least.words.append(word)
            if match and far == anywhere and not inner:
                return found
        elif not inner and far == anywhere and match:
            return found
        elif not inner and (far == anywhere or not known(far)):
            closed = True
    if default and table.defaults["incoming" if way == "in" else "outgoing"] == "allow":
        found.most.words.append(anywhere)
        found.least.words += [] if closed else [anywhere]
    return found


def _matches(rule: Rule, port: int, proto: str, way: str) -> bool | None:
    """Whether the rule is about these packets; None where that cannot be known."""
    if rule.forward or rule.direction != way or (way == "in" and rule.iface_in == "lo"):
        return False
    if rule.proto not in ("any", proto):
        return False if known(rule.proto) else None
    if rule.sport != "any" and known(rule.sport):
        return False
    if known(rule.dport) and rule.dport != "any" and not any(port in each for each in ranges(rule.dport)):
        return False
    name = rule.iface_in if way == "in" else rule.iface_out
    if not known(rule.dport, rule.proto, rule.sport, rule.iface_in, rule.iface_out):
        return None
    if way == "in" and not known(rule.dst):
        return None
    return True if not name or _INSIDE.match(name) or _OUTSIDE.match(name) else None


def _inner(rule: Rule, way: str) -> str:
    """What keeps the rule to the host's inner side, in words."""
    name = rule.iface_in if way == "in" else rule.iface_out
    if name and _INSIDE.match(name):
        return f"on {name}"
    near = rule.dst if way == "in" else rule.src
    return f"to {near}" if near not in (ANY4, ANY6) and known(near) and _is_private(near) else ""


def shown(ports: range) -> str:
    """`80`, `3001:3010`: as UFW writes them."""
    return str(ports[0]) if len(ports) == 1 else f"{ports[0]}:{ports[-1]}"


def ranges(port: str) -> list[range]:
    """`80`, `3001:3010`, `80,443` as ranges; [] for what is none."""
    found = []
    for part in port.split(","):
        low, _, high = part.replace("-", ":").partition(":")
        if low.isdecimal() and (high or low).isdecimal() and len(low) < 6 and len(high) < 6:
            found.append(range(int(low), int(high or low) + 1))
    return found


def covers(opened: Iterable[range], port: int) -> bool:
    return any(port in each for each in opened)


def spoken_of(rule: Rule, profiles: Mapping[str, str] = KNOWN) -> list[range]:
    """The ports that a rule names, by its profile, too."""
    rules = expanded(rule, profiles) if rule.application and rule.dapp in profiles else [rule]
    return [part for each in rules for part in ranges(each.dport)]


def opened(
    table: Table, proto: str = "tcp", v6: bool = False, sure: bool = True, everybody: bool = False
) -> list[range]:
    """The ports that rules open to the internet (`everybody`: to all of it), as few ranges as can be."""
    rules = table.rules6 if v6 else table.rules
    named = [
        part for rule in rules if known(rule.dport) for part in ranges("1:65535" if rule.dport == "any" else rule.dport)
    ]
    edges = sorted({part[0] for part in named} | {part[-1] + 1 for part in named})
    found: list[range] = []
    for low, high in pairwise(edges):
        answer = who(table, low, proto, v6, default=False)
        sources = answer.least if sure else answer.most
        if not (sources.everybody if everybody else sources.public):
            continue
        if found and found[-1].stop == low:
            found[-1] = range(found[-1].start, high)
        else:
            found.append(range(low, high))
    return found


def networks(words: Iterable[str]) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Addresses as networks, without words that are none."""
    found = []
    for word in words:
        try:
            found.append(ipaddress.ip_network(word, strict=False))
        except ValueError:  # an interface, or a mask with holes
            continue
    return found


def _cover_all(words: list[str]) -> bool:
    found = networks(words)
    four = [network for network in found if isinstance(network, ipaddress.IPv4Network)]
    six = [network for network in found if isinstance(network, ipaddress.IPv6Network)]
    together: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
    together += ipaddress.collapse_addresses(four)
    together += ipaddress.collapse_addresses(six)
    return any(network.prefixlen <= _WIDE[network.version] for network in together)


def _is_private(word: str) -> bool:
    return any(
        network.version == other.version and network.subnet_of(other)  # type: ignore[arg-type]
        for network in networks([word])
        for other in _PRIVATE
    )


def without(opened: Iterable[range], declared: Iterable[range]) -> list[range]:
    """The parts of ranges that no declared one covers."""
    left = list(opened)
    for each in declared:
        left = [
            part
            for one in left
            for part in (range(one.start, min(one.stop, each.start)), range(max(one.start, each.stop), one.stop))
            if part
        ]
    return left
