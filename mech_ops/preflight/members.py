"""Vultr, for the hosts of a fleet beside the first one: their plans, room for those that are not there yet, the network.

How many instances an account may have, no call of the API tells (Vultr's OpenAPI text); that there may be five networks a
region does docs.vultr.com.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from mech_infra.commands import private
from mech_infra.config.fleet import Member
from mech_infra.config.host import HostConfig
from mech_ops.preflight.checks import Check, Wrong

List = Callable[[str], list[dict[str, Any]]]
"""All pages of a list of Vultr's. Raises NotLooked."""
_VPCS = 5  # a region


def checks(listed: List, free: Callable[[], list[str]], config: HostConfig, members: Sequence[Member]) -> list[Check]:
    """`free`: the plans that are offered in the region now. `members` are all; the first one is not looked at here."""
    others = members[1:]
    found = [
        Check(f"plan {plan} of {_names(others, plan)}", partial(_plan, listed, plan, key))
        for plan, key in {member.plan: _key(member) for member in others}.items()
        if plan != config.plan
    ]
    return [
        *found,
        Check(f"room for {len(others)} more in {config.region}", partial(_room, listed, free, config, others)),
        Check(f"private network in {config.region}", partial(_network, listed, config)),
    ]


def _key(member: Member) -> str:
    return "mech:fleet.managerPlan" if member.manager else "mech:fleet.workerPlan"


def _names(members: Sequence[Member], plan: str) -> str:
    return ", ".join(member.name for member in members if member.plan == plan)


def _plan(listed: List, plan: str, key: str) -> str:
    found = next((one for one in listed("plans") if one.get("id") == plan), None)
    if found is None:
        raise Wrong(f"{key} {plan} does not exist at Vultr; GET /v2/plans has those that do")
    return f"{found.get('vcpu_count')} CPUs, {found.get('ram')} MB, {found.get('monthly_cost')} USD a month each"


def _room(listed: List, free: Callable[[], list[str]], config: HostConfig, members: Sequence[Member]) -> str:
    """Of those that Vultr does not have yet; how many of a plan are left it does not tell."""
    there = listed("instances")
    labels = {one.get("label") for one in there}
    missing = [member for member in members if member.name not in labels]
    if not missing:
        return "not needed: all are there"
    plans, wanted = free(), Counter(member.plan for member in missing)
    if gone := [plan for plan in wanted if plan not in plans]:
        keys = " or ".join(dict.fromkeys(_key(member) for member in missing if member.plan in gone))
        raise Wrong(
            f"{', '.join(gone)} is sold out or not offered in {config.region}, and {_names(missing, gone[0])} is to have it; "
            f"set {keys} to another one"
        )
    counts = ", ".join(f"{count} × {plan}" for plan, count in wanted.items())
    return (
        f"{counts} can be ordered; your account has {len(there)} instances, and Vultr does not say how many it may have: "
        "my.vultr.com (Account, Limits)"
    )


def _network(listed: List, config: HostConfig) -> str:
    there = [one for one in listed("vpcs") if one.get("region") == config.region]
    if any(one.get("description") == private.description(config.hostname) for one in there):
        return "there already"
    if len(there) >= _VPCS:
        raise Wrong(
            f"Vultr has {_VPCS} private networks a region, and {config.region} has {len(there)} of yours; delete one that "
            "nobody uses, or set mech:host.region to another region"
        )
    return f"{len(there)} of {_VPCS} are used"
