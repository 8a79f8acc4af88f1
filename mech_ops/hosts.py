"""Which hosts a stack has, by its state: the first one, and in a fleet those beside it."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from mech_infra.facts.host.swarm import Member
from mech_infra.guard.judging import INSTANCE, RESERVED_IP, member
from mech_ops import resources as state
from mech_ops.errors import OpsError

Json = dict[str, Any]


@dataclass(frozen=True)
class Host:
    """One of them. `mark` is what its name has behind the first one's (w1, m2), nothing for that one itself.

    `role` and `drained` are as the swarm's sensor has them declared; a host that is alone has no role. `access` is how its
    sensors reach it: None for one that was not usable yet.
    """

    name: str
    mark: str
    address: str
    private: str = ""
    role: str = ""
    drained: bool = False
    instance: str = ""  # ids at Vultr
    reserved_ip: str = ""
    access: Json | None = field(default=None, repr=False)

    @property
    def first(self) -> bool:
        """It has the databases."""
        return not self.mark


def of(resources: Sequence[Json]) -> list[Host]:
    """The first one first, then managers, then workers. Empty for a stack without a host."""
    instances = {member(r["urn"]): r for r in state.of(resources, INSTANCE)}
    reserved = {member(r["urn"]): r for r in state.of(resources, RESERVED_IP)}
    sensors = state.sensors(resources)
    access = {about["access"]["host"]: about["access"] for about in reversed(sensors) if "host" in about["access"]}
    members = {
        wire["name"]: wire for about in sensors for wire in about["checks"].values() if wire.get("kind") == Member.kind
    }
    output = next((r["outputs"].get("host_ip") for r in resources if r["type"] == "pulumi:pulumi:Stack"), None)
    places = {str((r.get("outputs") or {}).get("subnet") or "") for mark, r in reserved.items() if mark}
    alone = next((about for at, about in access.items() if at not in places), None)
    found = []
    for mark in sorted({"", *instances, *reserved}, key=_order):
        instance, address = instances.get(mark, {}), reserved.get(mark, {})
        about, outputs = instance.get("inputs") or {}, instance.get("outputs") or {}
        name = str(about.get("hostname") or about.get("label") or mark or "mech")
        at = str((address.get("outputs") or {}).get("subnet") or outputs.get("mainIp") or "")
        at = str(output or at or (alone or {}).get("host", "")) if not mark else at
        known = members.get(name, {})
        if at or instance:
            found.append(
                Host(
                    name, mark, at, str(outputs.get("internalIp") or ""), str(known.get("role", "")),
                    known.get("availability") == "drain", str(instance.get("id") or ""), str(address.get("id") or ""),
                    access.get(at, None if mark else alone),
                )
            )  # fmt: skip
    return found


class _Called(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def mark(self) -> str: ...


_C = TypeVar("_C", bound=_Called)


def named(hosts: Sequence[_C], name: str) -> _C:
    """By its name or mark. Raises OpsError."""
    for host in hosts:
        if name in (host.name, host.mark or host.name):
            return host
    names = [host.name for host in hosts]
    near = difflib.get_close_matches(name, names, 1)
    meant = f"did you mean {near[0]}? " if near else ""
    raise OpsError(f"there is no host {name!r}; {meant}The hosts are {', '.join(names) or 'none yet'}")


def _order(mark: str) -> tuple[bool, str, int]:
    return (bool(mark), mark[:1], int(mark[1:] or 0))
