"""From where Cloudflare's edge comes to origins: the IPv4 ranges that its API publishes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, collapse_addresses
from typing import Any
from urllib.parse import urlsplit

from mech_infra.facts.clouds import asking
from mech_infra.facts.model import Check, Facts, Unreachable, listed

# A /8: as many addresses may be let in together. Cloudflare's are a tenth of that, the widest of them a /13.
_MOST = 2**24
# https://www.iana.org/assignments/iana-ipv4-special-registry: nobody comes from there over the internet.
_INTERNAL = [
    IPv4Network(text)
    for text in ("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
                 "192.168.0.0/16", "224.0.0.0/3")
]  # fmt: skip


class Absurd(Exception):
    """A list that nobody may act on; the text says what is wrong with it."""


def accepted(found: object, known: Sequence[str] = ()) -> tuple[str, ...]:
    """The list as the firewall may follow it, in the order of its addresses. Raises Absurd.

    `known` is the list that is in force: most of it does not vanish at once, or most visitors would with it.
    """
    networks = [_network(text) for text in found] if isinstance(found, list | tuple) else []
    if not networks:
        raise Absurd("it is empty")
    share = sum(network.num_addresses for network in collapse_addresses(networks))
    if share > _MOST:
        raise Absurd(f"with {min(networks, key=lambda one: one.prefixlen)} it is 1/{2**32 // share} of all addresses")
    if not _within(_api_host()):
        for network in networks:
            if any(network.overlaps(internal) for internal in _INTERNAL):
                raise Absurd(f"nobody comes from {network} over the internet")
    lost = [text for text in known if not any(IPv4Network(text).overlaps(network) for network in networks)]
    if 2 * len(lost) > len(known):
        raise Absurd(f"it lacks {len(lost)} of the {len(known)} ranges in force, {_some(lost)}")
    return tuple(str(network) for network in sorted(set(networks)))


def _network(text: object) -> IPv4Network:
    try:
        return IPv4Network(str(text))
    except ValueError:
        raise Absurd(f"{str(text)[:40]!r} is no IPv4 network") from None


def _api_host() -> str:
    return urlsplit(os.environ.get("CLOUDFLARE_BASE_URL") or "").hostname or ""


def _within(host: str) -> bool:
    """Whether the API itself is at an internal address: what it speaks of may be there, too."""
    try:
        return any(IPv4Address(host) in internal for internal in _INTERNAL)
    except ValueError:
        return False


def _some(texts: Sequence[str]) -> str:
    return ", ".join(texts[:3]) + (f" and {len(texts) - 3} more" if texts[3:] else "")


def facts(access: Mapping[str, Any]) -> dict[str, Any]:
    """What is published, and what the firewall lets in (`access`). Raises Unreachable, for an absurd list, too."""
    found = (asking.public("/ips") or {}).get("ipv4_cidrs")
    try:
        return {"published": list(accepted(found, access["ranges"])), "let_in": list(access["ranges"])}
    except Absurd as what:
        raise Unreachable(f"the list is refused: {what}") from None


@dataclass(frozen=True)
class _Difference(Check):
    """Ranges that only one of the two lists has."""

    good = "none"

    @staticmethod
    def _only(some: Iterable[str], others: Iterable[str]) -> str | None:
        left = set(others)
        return ", ".join(one for one in some if one not in left) or None


@dataclass(frozen=True)
class NotLetIn(_Difference, kind="edge-ranges-new", reads=["published"]):
    label = "published and not let in"

    def judge(self, facts: Facts) -> str | None:
        return self._only(facts["published"], listed(facts, "let_in"))


@dataclass(frozen=True)
class GivenUp(_Difference, kind="edge-ranges-given-up", reads=["published"]):
    label = "let in and not published any more"

    def judge(self, facts: Facts) -> str | None:
        return self._only(listed(facts, "let_in"), facts["published"])
