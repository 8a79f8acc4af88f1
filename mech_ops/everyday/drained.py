"""`mech drain HOST`: which members of a fleet take no tasks and no visitors, as the stack's config says it (mech:fleet.drained)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pydantic

from mech_infra.config.fleet import FleetConfig, Member
from mech_infra.config.host import HostConfig
from mech_ops import hosts, stack_config
from mech_ops.errors import OpsError
from mech_ops.versions import definition
from mech_ops.versions.definition import Unreadable
from mech_ops.versions.rollback import Change

KEY = "mech:fleet.drained"


def drain(stack: str | None, name: str, say: Callable[[str], None]) -> bool:
    """Whether the config was changed. Raises OpsError."""
    members, there = _fleet(stack)
    member = hosts.named(members, name)
    if member.first:
        raise OpsError(f"{member.name} has the databases, and cannot be drained; nothing was changed")
    if member.drained:
        say(f"{member.name} is drained already; nothing was changed")
        return False
    left = [one.name for one in members if not one.drained and one is not member]
    _apply(stack, Change(f"{KEY}[{len(there)}]", None, member.name))
    say(f"{KEY}: {member.name} added; its tasks go to {', '.join(left)}, and its records are taken away")
    return True


def back(stack: str | None, name: str, say: Callable[[str], None]) -> bool:
    """Whether the config was changed. Raises OpsError."""
    members, there = _fleet(stack)
    member = hosts.named(members, name)
    if not member.drained:
        say(f"{member.name} is not drained; nothing was changed")
        return False
    _apply(stack, Change(KEY if len(there) == 1 else f"{KEY}[{there.index(member.name)}]", member.name, None))
    say(f"{KEY}: {member.name} taken out; it has records again, and takes the next tasks that are started")
    return True


def _fleet(stack: str | None) -> tuple[Sequence[Member], list[str]]:
    """(the members that the config declares, the names in its list)"""
    config = stack_config.current(stack)
    try:
        section = definition.section(config, "fleet")
        host = HostConfig.model_validate(definition.section(config, "host"))
        fleet = FleetConfig.model_validate(section)
    except Unreadable as error:
        raise OpsError(f"{error}; nothing was changed") from None
    except pydantic.ValidationError:
        raise OpsError("mech:fleet or mech:host of the stack's config is wrong; mech policy check says how") from None
    members = fleet.members(host.hostname, host.plan)
    if len(members) == 1:
        raise OpsError(f"{members[0].name} is the stack's only host: there is none to drain (mech:fleet.workers)")
    return members, list(fleet.drained)


def _apply(stack: str | None, change: Change) -> None:
    stack_config.apply(stack, [change], "nothing was changed")
