"""`mech block` and `mech unblock`: whom the edge turns away, as the stack's config says it (mech:edge.blocked)."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Sequence

from pydantic import TypeAdapter, ValidationError

from mech_infra.config.networks import AddressOrCidr, no_visitors
from mech_ops import pulumi, stack_config
from mech_ops.errors import OpsError
from mech_ops.versions import definition
from mech_ops.versions.definition import Unreadable
from mech_ops.versions.rollback import Change

KEY = "mech:edge.blocked"


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
    if why := no_visitors(who, host):
        raise OpsError(f"{who} {why}; nothing was changed")
    return who


def _written(who: str) -> str:
    try:
        return TypeAdapter[str](AddressOrCidr).validate_python(who.strip())
    except ValidationError as error:
        raise OpsError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None


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
