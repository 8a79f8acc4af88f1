"""Data: what Redis and MongoDB need so that nothing is lost and nobody else reads it (guide, Database & Storage)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.family import Family
from policies.model import BLOCK, INSTANCE, Finding, Resource, Stack, Unjudged, each
from policies.reading.commands import unknown_scripts, written
from policies.reading.containers import (
    Container,
    config_file,
    databases,
    inside,
    mounts,
    server_options,
)
from policies.reading.platform import is_platform
from policies.reading.shell import known

rule = Family("data")
# Seconds; Docker's own default, which a database of some GB needs at least.
_GRACE_S = 10
_EVICTS = re.compile(r"^\s*maxmemory-policy\s+(?!noeviction)(\S+)", re.M)


def redis_settings(stack: Stack, redis: Resource) -> str:
    """redis.conf and the command line as one text of `name value` lines. Raises Unjudged where the file is not known."""
    path = config_file(redis)
    own = inside(redis, written(stack)).get(path) if path and isinstance(redis, Container) else None
    near = next((text for name, text in written(stack).items() if path and name.endswith("/redis.conf")), None)
    found = own if own is not None else near
    if path and (found is None or not known(found)):
        raise Unjudged(unknown_scripts(stack)[0] if unknown_scripts(stack) else f"{redis.name}: {path}")
    return "\n".join([found or "", server_options(redis)])


def _is_cache(redis: Container, text: str) -> bool:
    """Whether it is told to throw away what it has: outside the platform that is a choice."""
    return not redis.mech and bool(_EVICTS.search(text) or _forgets(text))


def _forgets(text: str) -> bool:
    """Whether neither snapshots nor the log are on; snapshots are, where nothing says otherwise."""
    saves = [value.strip("\"' ") for value in re.findall(r"^\s*save(?:[ \t]+(.*?))?\s*$", text, re.M)]
    return bool(saves) and not saves[-1] and not re.search(r"^\s*appendonly\s+yes", text, re.M)


@rule(
    "data-redis-memory",
    title="Redis knows its limit",
    symptom="Redis is OOM-killed instead of refusing writes",
    fix="set maxmemory below mech:datastores.redis.memoryMb",
    severity="high",
)
def redis_memory(stack: Stack) -> Iterator[Finding]:
    def judge(redis: Resource) -> Iterator[str]:
        found = re.search(r"^\s*maxmemory\s+(\d+)(kb|mb|gb|k|m|g)?\s*$", redis_settings(stack, redis), re.M | re.I)
        if not found or int(found[1]) == 0:
            if is_platform(stack):
                yield "Redis has no maxmemory"
            return
        size = int(found[1]) * {"": 1, "k": 2**10, "m": 2**20, "g": 2**30}[(found[2] or "")[:1].lower()]
        limit = (redis.number("memory") or 0) * 2**20
        if limit and size >= limit:
            yield f"Redis' maxmemory ({found[1]}{found[2] or ''}) is not below its container's {limit / 2**20:g} MB"

    yield from each(databases(stack, "redis"), judge)


@rule(
    "data-redis-eviction",
    title="Redis throws no job away",
    symptom="jobs that vanish from the queue",
    fix="set maxmemory-policy to noeviction",
    severity="high",
)
def redis_eviction(stack: Stack) -> Iterator[Finding]:
    # Elsewhere a Redis that evicts is a cache, and right.
    def judge(redis: Resource) -> Iterator[str]:
        found = _EVICTS.search(redis_settings(stack, redis))
        if found:
            yield f"Redis throws keys away when it is full (maxmemory-policy {found[1]})"

    yield from each(databases(stack, "redis") if is_platform(stack) else (), judge)


@rule(
    "data-redis-persistence",
    title="Redis keeps its data",
    symptom="an empty queue after a restart",
    fix="set mech:datastores.redis.save or appendOnly, and mount /data",
    severity="high",
)
def redis_persistence(stack: Stack) -> Iterator[Finding]:
    def judge(redis: Resource) -> Iterator[str]:
        assert isinstance(redis, Container)
        text = redis_settings(stack, redis)
        if _is_cache(redis, text):
            return
        if _forgets(text):
            yield "Redis keeps nothing over a restart (no save, no appendonly)"
        yield from _not_kept(redis, "Redis", "/data", "/bitnami/redis/data")

    yield from each(databases(stack, "redis"), judge)


def _not_kept(database: Container, name: str, *folders: str) -> Iterator[str]:
    """What is wrong with where the data lie: they go with the container, or with the host's memory."""
    found = [mount for mount in mounts(database) if any(_holds(mount.target, folder) for folder in folders)]
    if any(mount.kind == "tmpfs" for mount in found):
        yield f"{name}'s {folders[0]} is in memory: it is empty after every restart"
    elif any(mount.source == "" for mount in found):
        yield f"{name}'s {folders[0]} is an anonymous volume: the next container has another"
    elif not found:
        yield f"{name}'s {folders[0]} is inside its container: it goes with it"


def _holds(target: object, folder: str) -> bool:
    return not isinstance(target, str) or target == folder or folder.startswith(f"{target.rstrip('/')}/")


@rule(
    "data-mongodb-volume",
    title="MongoDB has its volume",
    symptom="an empty database after `pulumi up`",
    fix="mount /opt/mech-services/shared/data/mongodb at /data/db",
    severity="critical",
)
def mongodb_volume(stack: Stack) -> Iterator[Finding]:
    def judge(mongo: Resource) -> Iterator[str]:
        assert isinstance(mongo, Container)
        yield from _not_kept(mongo, "MongoDB", "/data/db", "/bitnami/mongodb")

    yield from each(databases(stack, "mongodb"), judge)


@rule(
    "data-on-instance",
    title="Data outlive the host",
    symptom="a rebuilt host with an empty database",
    fix="keep the block storage (mech:host.dataVolumeGb)",
    severity="high",
)
def on_instance(stack: Stack) -> Iterator[Finding]:
    mongo = databases(stack, "mongodb") if is_platform(stack) else []
    if mongo and stack.of(INSTANCE) and not stack.of(BLOCK):
        yield Finding("MongoDB's data lie on the instance's own disk: they go with the instance", mongo[0])


@rule(
    "data-no-grace",
    title="Databases may finish",
    symptom="acknowledged writes that are gone after `pulumi up`",
    fix="set destroyGraceSeconds on the database's container (60)",
    severity="critical",
)
def no_grace(stack: Stack) -> Iterator[Finding]:
    # terraform-provider-docker: without it a container is stopped with a time-out of 0; by Docker itself with 10 s.
    def judge(database: Resource) -> Iterator[str]:
        assert isinstance(database, Container)
        said = database.number("destroyGraceSeconds")
        if database.how != "docker.Container":
            said = _GRACE_S if (given := database.number("stopTimeout")) is None else given
        elif said is None and not database.mech:
            return
        grace = said or 0
        if grace < _GRACE_S:
            how = f"after {grace:g} s" if grace else "at once"
            yield f"{database.label} is killed {how} when it is replaced: what it did not write yet is lost"

    yield from each(databases(stack), judge)


@rule.each(
    BLOCK,
    "data-detachable",
    title="No plan detaches the data",
    symptom="all services 502, and databases that write into nothing",
    fix="declare attached_to_instance, or put attachedToInstance into the volume's ignore_changes",
    severity="critical",
)
def detachable(block: Resource) -> Iterator[str]:
    # terraform-provider-vultr 2.27.1 reads the attachment back as an input, and detaches where it is not declared.
    pinned = {"attachedToInstance", "attached_to_instance"} & {*block.props, *block.ignored}
    if not pinned:
        yield f"the second `pulumi up` would take the block storage {block.name} off its running host"
