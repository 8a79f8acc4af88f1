"""`mech block` and `mech unblock`: whom the edge turns away, as the stack's config says it (mech:edge.blocked)."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Sequence

from pydantic import TypeAdapter, ValidationError

from mech_infra.config.types import AddressOrCidr
from mech_ops import pulumi, stack_config
from mech_ops.errors import OpsError
from mech_ops.versions import definition
from mech_ops.versions.definition import Unreadable
from mech_ops.versions.rollback import Change

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
KEY = "mech:edge.blocked"
# Source: https://www.cloudflare.com/ips, the same since 2021: from these the edge itself comes.
_EDGE = (
    "103.21.244.0/22", "103.22.200.0/22", "103.31.4.0/22", "104.16.0.0/13", "104.24.0.0/14", "108.162.192.0/18",
    "131.0.72.0/22", "141.101.64.0/18", "162.158.0.0/15", "172.64.0.0/13", "173.245.48.0/20", "188.114.96.0/20",
    "190.93.240.0/20", "197.234.240.0/22", "198.41.128.0/17", "2400:cb00::/32", "2405:8100::/32", "2405:b500::/32",
    "2606:4700::/32", "2803:f800::/32", "2a06:98c0::/29", "2c0f:f248::/32",
)  # fmt: skip
# A wider one is half a continent, and a slip: the first digit of a prefix.
_WIDEST = {4: 8, 6: 19}


def block(stack: str | None, who: str, say: Callable[[str], None]) -> bool:
    """Whether the config was changed. Raises OpsError."""
    who = checked(_written(who), _host(stack))
    there = _blocked(stack)
    within = next((one for one in there if _inside(who, one)), None)
    if within:
        say(f"{who} is blocked already" + ("" if within == who else f", by {within}") + "; nothing was changed")
        return False
    _apply(stack, Change(f"{KEY}[{len(there)}]", None, who))
    say(f"{KEY}: {who} added; it gets a 403 at the edge ({len(there) + 1} blocked)")
    return True


def unblock(stack: str | None, who: str, say: Callable[[str], None]) -> None:
    """Raises OpsError."""
    who = _written(who)
    there = _blocked(stack)
    if who not in there:
        wider = [one for one in there if _inside(who, one)]
        why = f"it is within {wider[0]}: mech unblock {wider[0]}" if wider else "nothing was changed"
        raise OpsError(f"{who} is not in {KEY}; {why}")
    _apply(stack, Change(KEY if len(there) == 1 else f"{KEY}[{there.index(who)}]", who, None))
    say(f"{KEY}: {who} taken out ({len(there) - 1} blocked)")


def checked(who: str, host: str) -> str:
    """As it does no harm; `host` is the stack's own address, if it has one. Raises OpsError."""
    network = ipaddress.ip_network(who)
    if network.prefixlen < _WIDEST[network.version]:
        raise OpsError(f"{who} is too wide: it would turn away {_share(network)}; nothing was changed")
    if host and _overlap(network, ipaddress.ip_network(host)):
        raise OpsError(f"{who} has the stack's own host in it ({host}); nothing was changed")
    edge = next((one for one in _EDGE if _overlap(network, ipaddress.ip_network(one))), None)
    if edge:
        raise OpsError(f"{who} has the edge's own network {edge} in it; block whom it passes on; nothing was changed")
    if network.is_loopback or network.is_multicast or network.is_unspecified:
        raise OpsError(f"{who} is no visitor's address; nothing was changed")
    return who


def _written(who: str) -> str:
    try:
        return TypeAdapter[str](AddressOrCidr).validate_python(who.strip())
    except ValidationError as error:
        raise OpsError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None


def _share(network: Network) -> str:
    return "everybody" if network.prefixlen == 0 else f"1/{2**network.prefixlen} of all addresses"


def _overlap(one: Network, other: Network) -> bool:
    return one.version == other.version and one.overlaps(other)


def _inside(who: str, other: str) -> bool:
    mine, theirs = ipaddress.ip_network(who), ipaddress.ip_network(other)
    return mine.version == theirs.version and theirs.supernet_of(mine)  # type: ignore[arg-type]


def _host(stack: str | None) -> str:
    return str(pulumi.outputs(stack).get("host_ip") or "")


def _blocked(stack: str | None) -> Sequence[str]:
    try:
        found = definition.section(stack_config.current(stack), "edge").get("blocked") or []
    except Unreadable as error:
        raise OpsError(f"{error}; nothing was changed") from None
    if not isinstance(found, list):
        raise OpsError(f"{KEY} is {json.dumps(found)}, and must be a list; mend it in the stack's file first")
    return [_written(str(one)) for one in found]


def _apply(stack: str | None, change: Change) -> None:
    stack_config.apply(stack, [change], "nothing was changed")
