"""Finding the records of a name as an authoritative server does, and the origin address behind a proxied name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import ip_address

from .view import Record, Zone, ZoneView

MAX_CHAIN = 8  # CNAMEs followed before a chain counts as a loop
PROXIABLE = frozenset({"A", "AAAA", "CNAME"})


class OriginDnsError(Exception):
    """A proxied name has no address behind it (Cloudflare's error 1016)."""


class NoRecord(OriginDnsError):
    """The zone has no address record for the name at all."""


class NotProxied(OriginDnsError):
    """The name is DNS-only: the edge does not serve it."""


@dataclass(frozen=True)
class Origin:
    """Where a proxied name leads: an IPv4 or IPv6 address, as text."""

    addresses: tuple[str, ...]


def normal(name: str) -> str:
    """Lower case, no trailing dot, no port."""
    name = name.strip().lower()
    if name.startswith("["):
        return name[1 : name.find("]")] if "]" in name else name
    host, _, port = name.rpartition(":")
    if host and (port.isdigit() or not port) and ":" not in host:
        name = host
    return name.rstrip(".")


def is_address(text: str) -> bool:
    """Whether the text is an IPv4 or IPv6 address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def at(zone: Zone, name: str) -> tuple[bool, list[Record]]:
    """(the name exists, its records); wildcards are expanded to `name` as RFC 4592 says."""
    name = normal(name)
    owned = [r for r in zone.records if normal(r.name) == name]
    if owned or name == zone.name.lower():
        return True, owned
    names = {normal(r.name) for r in zone.records}
    if _has_below(names, name):
        return True, []  # an empty non-terminal exists and stops wildcards
    encloser = name
    while encloser != zone.name.lower() and "." in encloser:
        encloser = encloser.partition(".")[2]
        if encloser in names or encloser == zone.name.lower() or _has_below(names, encloser):
            break
    wildcard = f"*.{encloser}"
    found = [replace(r, name=name) for r in zone.records if normal(r.name) == wildcard]
    return bool(found), found


def _has_below(names: set[str], name: str) -> bool:
    return any(other.endswith("." + name) for other in names)


def origin(view: ZoneView, zone: Zone, name: str) -> Origin:
    """The addresses the edge dials for a proxied name, following CNAMEs inside the account's zones.

    Raises NoRecord, NotProxied, or OriginDnsError for a CNAME that leads nowhere or round in circles.
    """
    _, records = at(zone, name)
    records = [r for r in records if r.type in PROXIABLE]
    if not records:
        raise NoRecord(f"{name} has no A, AAAA or CNAME record")
    if not any(r.proxied for r in records):
        raise NotProxied(f"the record of {name} is DNS-only")
    target = name
    for _ in range(MAX_CHAIN):
        # IPv4 first: the sandbox has no IPv6, so an AAAA beside an A would fail at random.
        addresses = tuple(r.content for r in records if r.type == "A")
        addresses = addresses or tuple(r.content for r in records if r.type == "AAAA")
        if addresses:
            return Origin(addresses)
        alias = next((r for r in records if r.type == "CNAME"), None)
        if alias is None:
            raise OriginDnsError(f"{target} has no address")
        target = normal(alias.content)
        if is_address(target):
            return Origin((target,))
        other = view.zone_for(target)
        if other is None:
            raise OriginDnsError(f"{target} does not resolve: no zone of the account holds it")
        records = at(other, target)[1]
    raise OriginDnsError(f"the CNAME chain of {name} is longer than {MAX_CHAIN}")
