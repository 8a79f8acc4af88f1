"""Data: what Redis and MongoDB need so that nothing is lost and nobody else reads it (guide, Database & Storage)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.family import Family
from policies.model import BLOCK, CONTAINER, INSTANCE, Finding, Resource, Stack, Unjudged, each
from policies.reading.commands import unknown_scripts, written
from policies.reading.containers import container_name, environment, is_database, is_loopback, published
from policies.reading.shell import known

rule = Family("data")
# Seconds; Docker's own default, which a database of some GB needs at least.
_GRACE_S = 10


def _redis_conf(stack: Stack) -> str | None:
    found = next((text for path, text in written(stack).items() if path.endswith("/redis.conf")), None)
    if found is None and unknown_scripts(stack):
        raise Unjudged(unknown_scripts(stack)[0])
    if found is not None and not known(found):
        raise Unjudged("redis.conf")
    return found


def _redis_settings(stack: Stack, redis: Resource) -> str:
    """redis.conf and the command line as one text of `name value` lines."""
    words = " ".join(str(word) for word in redis.items("command"))
    return "\n".join([_redis_conf(stack) or "", *re.split(r"\s--", " " + words)])


def _databases(stack: Stack, kind: str) -> list[Resource]:
    return [container for container in stack.of(CONTAINER) if is_database(container) == kind]


@rule(
    "data-redis-memory",
    title="Redis knows its limit",
    symptom="Redis is OOM-killed instead of refusing writes",
    fix="set maxmemory below mech:datastores.redis.memoryMb",
    severity="high",
)
def redis_memory(stack: Stack) -> Iterator[Finding]:
    def judge(redis: Resource) -> Iterator[str]:
        found = re.search(r"^\s*maxmemory\s+(\d+)(kb|mb|gb|k|m|g)?\s*$", _redis_settings(stack, redis), re.M | re.I)
        if not found or int(found[1]) == 0:
            yield "Redis has no maxmemory"
            return
        size = int(found[1]) * {"": 1, "k": 2**10, "m": 2**20, "g": 2**30}[(found[2] or "")[:1].lower()]
        limit = (redis.number("memory") or 0) * 2**20
        if limit and size >= limit:
            yield f"Redis' maxmemory ({found[1]}{found[2] or ''}) is not below its container's {limit / 2**20:g} MB"

    yield from each(_databases(stack, "redis"), judge)


@rule(
    "data-redis-eviction",
    title="Redis throws no job away",
    symptom="jobs that vanish from the queue",
    fix="set maxmemory-policy to noeviction",
    severity="high",
)
def redis_eviction(stack: Stack) -> Iterator[Finding]:
    def judge(redis: Resource) -> Iterator[str]:
        found = re.search(r"^\s*maxmemory-policy\s+(\S+)", _redis_settings(stack, redis), re.M)
        if found and found[1] != "noeviction":
            yield f"Redis throws keys away when it is full (maxmemory-policy {found[1]})"

    yield from each(_databases(stack, "redis"), judge)


@rule(
    "data-redis-persistence",
    title="Redis keeps its data",
    symptom="an empty queue after a restart",
    fix="set mech:datastores.redis.save or appendOnly, and mount /data",
    severity="high",
)
def redis_persistence(stack: Stack) -> Iterator[Finding]:
    def judge(redis: Resource) -> Iterator[str]:
        text = _redis_settings(stack, redis)
        saves = [value for value in re.findall(r"^\s*save\s+(.+?)\s*$", text, re.M) if value.strip('"')]
        if not saves and not re.search(r"^\s*appendonly\s+yes", text, re.M):
            yield "Redis keeps nothing over a restart (no save, no appendonly)"
        if not any(mount.get("target") == "/data" for mount in [*redis.maps("mounts")]) and not any(
            volume.get("containerPath") == "/data" for volume in redis.maps("volumes")
        ):
            yield "Redis' /data is inside its container"

    yield from each(_databases(stack, "redis"), judge)


@rule(
    "data-published",
    title="Databases are not published",
    symptom="strangers in Redis and MongoDB",
    fix="remove ports from the database's container",
    severity="critical",
)
def ports_published(stack: Stack) -> Iterator[Finding]:
    def judge(container: Resource) -> Iterator[str]:
        for address, port, _ in published(container):
            if not is_loopback(address):
                yield f"{container_name(container)} publishes {port} on {address}"

    yield from each([c for c in stack.of(CONTAINER) if is_database(c)], judge)


@rule(
    "data-mongodb-volume",
    title="MongoDB has its volume",
    symptom="an empty database after `pulumi up`",
    fix="mount /opt/mech-services/shared/data/mongodb at /data/db",
    severity="critical",
)
def mongodb_volume(stack: Stack) -> Iterator[Finding]:
    def judge(mongo: Resource) -> Iterator[str]:
        mounts = [
            m.get("source") for m in mongo.maps("mounts") if m.get("target") == "/data/db" and m.get("type") != "tmpfs"
        ]
        volumes = [v for v in mongo.maps("volumes") if v.get("containerPath") == "/data/db"]
        if not mounts and not volumes:
            yield "MongoDB's /data/db is inside its container: it goes with it"

    yield from each(_databases(stack, "mongodb"), judge)


@rule(
    "data-on-instance",
    title="Data outlive the host",
    symptom="a rebuilt host with an empty database",
    fix="keep the block storage (mech:host.dataVolumeGb)",
    severity="high",
)
def on_instance(stack: Stack) -> Iterator[Finding]:
    databases = _databases(stack, "mongodb")
    if databases and stack.of(INSTANCE) and not stack.of(BLOCK):
        yield Finding("MongoDB's data lie on the instance's own disk: they go with the instance", databases[0])


@rule(
    "data-no-grace",
    title="Databases may finish",
    symptom="acknowledged writes that are gone after `pulumi up`",
    fix="set destroyGraceSeconds on the database's container (60)",
    severity="critical",
)
def no_grace(stack: Stack) -> Iterator[Finding]:
    # terraform-provider-docker: without it a container is stopped with a time-out of 0.
    def judge(database: Resource) -> Iterator[str]:
        grace = database.number("destroyGraceSeconds") or 0
        if grace < _GRACE_S:
            how = f"after {grace:g} s" if grace else "at once"
            yield f"{container_name(database)} is killed {how} when it is replaced: what it did not write yet is lost"

    yield from each([c for c in stack.of(CONTAINER) if is_database(c)], judge)


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


def _mongod_options(stack: Stack, mongo: Resource) -> str:
    """mongod's command line, and the files that commands write for it."""
    options = [text for path, text in written(stack).items() if "/mongo" in path]
    return "\n".join([*(str(word) for word in mongo.items("command")), *options])


@rule(
    "data-mongodb-auth",
    title="MongoDB asks for a password",
    symptom="whoever gets onto mech-network reads everything",
    fix="pulumi config set --secret mech:MONGODB_PASSWORD",
    severity="medium",
    level="advisory",
)
def mongodb_auth(stack: Stack) -> Iterator[Finding]:
    for mongo in _databases(stack, "mongodb"):
        asks = re.search(r"(^|\s)--auth\b|authorization:\s*enabled", _mongod_options(stack, mongo))
        if not asks and not environment(mongo).get("MONGO_INITDB_ROOT_PASSWORD"):
            yield Finding("MongoDB asks nobody for a password", mongo)
