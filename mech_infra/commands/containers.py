"""Docker's names and the network's members, where the Docker provider does not look (findings §6 and §7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mech_infra.commands.script import room, script

MANAGED = "mech.managed"
# Of a service's containers: whose they are, what they are made of, where they stand (mech_infra.rollout).
SERVICE, VERSION, SLOT, REPLICA, IMAGE = "mech.service", "mech.version", "mech.slot", "mech.replica", "mech.image"
# After SIGTERM, in seconds; then Docker kills. A database writes what it has to its disk meanwhile.
DATABASE_GRACE_S = 60
SERVICE_GRACE_S = 30
_ROOM = room(__file__)


def clear_names(containers: Sequence[str], network: str) -> str:
    """Before anything is made: what others made under our names goes, since Docker gives a name once only."""
    return script(_ROOM / "clear_names.sh", MANAGED, network, *containers)


def untag(references: Sequence[str]) -> str:
    """Take the tag from every image that was not pulled from the tag's own repository; containers keep theirs."""
    return script(_ROOM / "untag.sh", *references)


def attach(aliases: Mapping[str, Sequence[str]], network: str, other: str) -> str:
    """Put each of our containers that exists onto the network, under its names, and off every other one but `other`."""
    return script(_ROOM / "attach.sh", network, other, *named(aliases))


def named(aliases: Mapping[str, Sequence[str]]) -> list[str]:
    """Containers and their other names on a network, as the scripts take them: NAME=ALIAS,ALIAS…"""
    return [f"{name}={','.join(given)}" for name, given in aliases.items()]
