"""How full everything is that has a limit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mech_infra.facts.host.disks import size
from mech_ops.checklist.model import ODD, not_understood
from mech_ops.diagnosis.look import Look, Missing


@dataclass(frozen=True)
class Measure:
    """`key` is the same in each run; `most` is the percentage up to which a day's use is normal."""

    key: str
    used: float
    limit: float
    most: int = 90
    bytes: bool = True

    @property
    def percent(self) -> float:
        return 100 * self.used / self.limit

    @property
    def said(self) -> str:
        used, limit = (size(int(n)) if self.bytes else f"{n:,.10g}" for n in (self.used, self.limit))
        return f"{self.key}: {self.percent:.0f} % ({used} of {limit})"


def measures(look: Look) -> tuple[list[Measure], list[str]]:
    """The fullest first; and why some could not be read."""
    found, unread = [], []
    for reader in (_machine, _disks, _redis, _connections, _containers):
        try:
            found += [one for one in reader(look) if one.limit > 0 and one.percent >= 0]
        except Missing as why:
            unread.append(str(why))
        except ODD as error:
            unread.append(not_understood(error))
    return sorted(found, key=lambda one: -one.percent), list(dict.fromkeys(unread))


_Reader = Callable[[Look], Iterator[Measure]]


def _machine(look: Look) -> Iterator[Measure]:
    about = look.fact("host.machine")
    memory = about["memory"]
    yield Measure("memory", memory["total"] - memory["available"], memory["total"], most=95)
    # As the cause LOAD_HIGH has it: four for each core, and not for a moment only.
    yield Measure("load", min(about["load"][:2]), 4 * about["cpus"], most=100, bytes=False)


def _disks(look: Look) -> Iterator[Measure]:
    known = set()
    for fs in look.fact("host.space"):
        if fs["device"] not in known:  # one filesystem can be at two of the paths
            known.add(fs["device"])
            yield Measure(f"disk {fs['path']}", fs["used"], fs["used"] + fs["free"])
            yield Measure(f"inodes {fs['path']}", fs["inodes_used"], fs["inodes_used"] + fs["inodes_free"], bytes=False)


def _redis(look: Look) -> Iterator[Measure]:
    about = look.fact("host.redis_info")
    yield Measure("Redis' memory", about["used_memory"], about["maxmemory"])
    yield Measure("Redis' clients", about["connected_clients"], about["maxclients"], bytes=False)


def _connections(look: Look) -> Iterator[Measure]:
    if counts := look.fact("host.filters")["conntrack"]:
        count, limit = counts
        yield Measure("connections of the kernel", count, limit, bytes=False)


def _containers(look: Look) -> Iterator[Measure]:
    for name, about in look.fact("host.usage").items():
        yield Measure(f"container {name}", about["used"], about["limit"], most=95)
