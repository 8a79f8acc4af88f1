"""Whether the cause of an illness is elsewhere, so that a restart would not help. Goes to the host: standard library only."""

from __future__ import annotations

import calendar
import math
import re
import time
from collections.abc import Iterator, Mapping

from mech_infra.heal.words import Cause, Json

# Percent of bytes or inodes from which on a filesystem is not only short, but full; of memory under which it is gone.
FULL, MEMORY_GONE = 98, 3
DATABASES = ("redis", "mongodb")
_DENIED = re.compile(r"(?i)noauth|wrongpass|noperm|authentication failed|not authorized|unauthorized|password")
_NO_WRITES = re.compile(r"(?i)\boom\b|misconf|readonly|no space left|disk")
# Who lost a database looks for it again and again: so long after its start a restart would only cost.
YOUNG_S = 60


def percent(fs: Json) -> int:
    """How full a filesystem is: of its bytes or its inodes, whichever is worse."""
    pairs = ((fs["used"], fs["free"]), (fs["inodes_used"], fs["inodes_free"]))
    return max(math.ceil(100 * used / (used + free)) if used + free else 0 for used, free in pairs)


def fullest(facts: Json, order: Json) -> tuple[str, int]:
    """(path, percent) of the fuller of the filesystems on which Docker and the system are; the data's is not ours to empty."""
    found = [(fs["path"], percent(fs)) for fs in facts.get("space") or [] if fs["path"] != order["data"]]
    return max(found, key=lambda one: one[1], default=("/", 0))


def of_all(facts: Json, order: Json) -> Cause | None:
    """What would harm whatever is restarted."""
    path, used = fullest(facts, order)
    if used >= FULL:
        return Cause("disk-full", f"{path} is {used} % full", f"du -xh -d3 {path} | sort -h | tail")
    ram = facts.get("ram") or {}
    if ram.get("total") and 100 * ram["available"] < MEMORY_GONE * ram["total"]:
        left = ram["available"] >> 20
        return Cause("memory-gone", f"the host has {left} MiB of memory left", "mech diagnose")
    mine = [net for net in facts["docker"]["networks"] if net["name"] == order["network"]]
    if not mine:
        return Cause("network-missing", f"the network {order['network']} is missing", "pulumi up")
    if not any(order["label"] in (net["labels"] or {}) for net in mine):
        return Cause("network-foreign", f"the network {order['network']} was made by hand", "pulumi up")
    return None


def of_database(name: str, facts: Json, order: Json) -> Cause | None:
    """What would harm a database that is restarted."""
    if order["data"] not in [path for _, path in facts.get("mounts") or []]:
        why = f"the data volume is not mounted: {name} would write beside it"
        return Cause("data-unmounted", why, "mech recover, then pulumi up")
    for fs in facts.get("space") or []:
        if fs["path"] == order["data"]:
            if fs["read_only"]:
                return Cause("data-read-only", "the data volume cannot be written", "mech recover")
            if percent(fs) >= FULL:
                return Cause("data-full", f"the data volume is {percent(fs)} % full", "mech:host.dataVolumeGb")
    if name == "redis" and (facts.get("redis_info") or {}).get("loading"):
        return Cause("loading", "it reads its data, which takes a while", "mech diagnose")
    return None


def of_service(one: Json, facts: Json, order: Json, standing: Mapping[str, str], now: float) -> Cause | None:
    """What a service lacks that no restart of it gives it; `standing` is how each declared container is."""
    for store in one["datastores"]:
        if standing.get(store) != "well":
            return Cause("database-down", f"{store}, which it uses, is not well", "mech diagnose", store)
        age = now - _began(facts["inspected"][store]["started"])
        if standing[one["name"]] == "unhealthy" and 0 <= age < YOUNG_S:
            why = f"{store}, which it uses, was started {age:.0f} s ago: it may find it by itself"
            return Cause("database-young", why, "mech heal again")
        if cause := of_database(store, facts, order):
            return Cause(cause.code, f"{store}, which it uses: {cause.why}", cause.then)
    about = facts.get("redis_info") or {}
    if "redis" in one["datastores"] and 0 < about.get("maxmemory", 0) <= about.get("used_memory", 0):
        return Cause("database-full", "redis, which it uses, is full", "mech:datastores.redis.memoryMb")
    for other in order["containers"]:
        if other["service"] in one["calls"] and standing.get(other["name"]) != "well":
            why = f"{other['name']}, which it calls, is not well"
            return Cause("callee-down", why, "mech diagnose", other["name"])
    return next(_of_words(one, facts), None)


def _began(started: str) -> float:
    """Docker's time, which has nanoseconds, as Unix time."""
    return calendar.timegm(time.strptime(started[:19], "%Y-%m-%dT%H:%M:%S"))


def _of_words(one: Json, facts: Json) -> Iterator[Cause]:
    """By what it says itself of what it needs. Its words are not told on: a vendor's may have half a key."""
    services = (facts.get("answers") or {}).keys()
    for name, word in (answer(one, facts).get("dependencies") or {}).items():
        if word == "ok" or name in ("workers", *services):
            continue
        if name not in DATABASES:
            yield Cause("vendor", f"{name}, which it needs, refuses it or does not answer", "mech diagnose")
        elif _DENIED.search(word):
            yield Cause("password", f"{name} does not let it in", "pulumi up")
        elif _NO_WRITES.search(word):
            yield Cause("database-full", f"{name} takes no writes", "mech diagnose")


def answer(one: Json, facts: Json) -> Json:
    """What its container says to GET /health; {} where nobody asked."""
    inside = ((facts.get("answers") or {}).get(one["service"]) or {}).get("containers") or {}
    found: Json = inside.get(one["name"]) or {}
    return found
