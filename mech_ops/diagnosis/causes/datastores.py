"""Redis and MongoDB: down, closed to us, full, or something else than declared."""

from __future__ import annotations

from collections.abc import Iterator

from mech_ops.diagnosis.causes.model import Found, cause
from mech_ops.diagnosis.look import Look

_GUIDE = {"redis": "mech-queue: Redis Connection Errors", "mongodb": "MongoDB Connection Issues"}
_NETWORK = ("NETWORK_MISSING", "NETWORK_FOREIGN", "DOCKER_DOWN")
_STOPPED = ("missing", "exited", "created", "dead", "paused", "restarting", "removing")


def _state(look: Look, name: str, *words: str) -> Iterator[Found]:
    for item in look.drift("container"):
        if item.label == f"container {name}" and any(item.there.startswith(word) for word in words):
            yield Found(look.using(name), {"there": item.there}, (f"docker ps -a: {name} {item.there}",))


@cause(
    "REDIS_DOWN",
    "Redis does not run: its container is {there}",
    layer="datastores",
    visitor="503: could not connect to Redis",
    guide=_GUIDE["redis"],
    reads=("drift.container",),
    fix="pulumi up",
    floor="outage",
    follows=_NETWORK,
    rules=("data-no-grace",),
)
def redis_down(look: Look) -> Iterator[Found]:
    yield from _state(look, "redis", *_STOPPED)


@cause(
    "MONGODB_DOWN",
    "MongoDB does not run: its container is {there}",
    layer="datastores",
    visitor="503: could not connect to MongoDB",
    guide=_GUIDE["mongodb"],
    reads=("drift.container",),
    fix="pulumi up",
    floor="outage",
    follows=_NETWORK,
    rules=("data-no-grace",),
)
def mongodb_down(look: Look) -> Iterator[Found]:
    yield from _state(look, "mongodb", *_STOPPED)


@cause(
    "REDIS_FOREIGN",
    "the container redis was made by hand: not ours, without our settings and perhaps without our data",
    layer="datastores",
    visitor="503, or jobs that are not there",
    guide=_GUIDE["redis"],
    reads=("drift.container",),
    fix="pulumi up",
    floor="data",
)
def redis_foreign(look: Look) -> Iterator[Found]:
    yield from _state(look, "redis", "made by hand")


@cause(
    "MONGODB_FOREIGN",
    "the container mongodb was made by hand: not ours, and perhaps without our data",
    layer="datastores",
    visitor="503, or data that is not there",
    guide=_GUIDE["mongodb"],
    reads=("drift.container",),
    fix="pulumi up",
    floor="data",
)
def mongodb_foreign(look: Look) -> Iterator[Found]:
    yield from _state(look, "mongodb", "made by hand")


@cause(
    "DATASTORE_OFF_NETWORK",
    "the container {name} is {there}: services do not find it",
    layer="datastores",
    visitor="503",
    guide="Issue 2: Container Network Issues",
    reads=("drift.container",),
    fix="pulumi up",
    floor="degraded",
    follows=_NETWORK,
    rules=("network-container-outside",),
)
def off_network(look: Look) -> Iterator[Found]:
    for item in look.drift("container"):
        name = item.label.removeprefix("container ")
        if name in ("redis", "mongodb") and item.there.startswith(("not on", "not known as")):
            yield Found(look.using(name), {"name": name, "there": item.there}, (f"docker inspect: {item.there}",))


@cause(
    "REDIS_PASSWORD",
    "Redis' password is {there}, declared accepted",
    layer="datastores",
    visitor="503: Redis refused the password",
    guide=_GUIDE["redis"],
    reads=("drift.redis-password",),
    fix="pulumi up",
    key="mech:REDIS_PASSWORD",
    follows=("REDIS_FOREIGN", "VOLUME_NOT_MOUNTED"),
)
def redis_password(look: Look) -> Iterator[Found]:
    for item in look.drift("redis-password"):
        harmed = look.using("redis") if "refused" in item.there or "asked" in item.there else ()
        yield Found(harmed, {"there": item.there}, (f"acl list: {item.there}",))


@cause(
    "MONGODB_PASSWORD",
    "MongoDB's password is {there}, declared accepted",
    layer="datastores",
    visitor="503: MongoDB authentication failed",
    guide=_GUIDE["mongodb"],
    reads=("drift.mongodb-password",),
    fix="pulumi up",
    key="mech:MONGODB_PASSWORD",
    follows=("MONGODB_FOREIGN", "VOLUME_NOT_MOUNTED"),
    rules=("data-mongodb-auth",),
)
def mongodb_password(look: Look) -> Iterator[Found]:
    for item in look.drift("mongodb-password"):
        harmed = look.using("mongodb") if "refused" in item.there or "asked" in item.there else ()
        yield Found(harmed, {"there": item.there}, (f"usersInfo: {item.there}",))


@cause(
    "REDIS_SETTING",
    "Redis' {name} is {there}, declared {declared}",
    layer="datastores",
    visitor="refused jobs, or jobs lost at the next restart",
    guide="Redis Performance Issues",
    reads=("drift.redis",),
    fix="pulumi up",
    key="mech:datastores.redis",
    follows=("REDIS_FOREIGN",),
    rules=(
        "data-redis-eviction",
        "data-redis-persistence",
    ),
)
def redis_setting(look: Look) -> Iterator[Found]:
    for item in look.drift("redis"):
        floor = look.using("redis") if item.label == "maxmemory" else ()
        shows = (f"config get {item.label}: {item.there}",)
        yield Found(floor, {"name": item.label, "there": item.there, "declared": item.declared}, shows)


@cause(
    "REDIS_FULL",
    "Redis is at its memory limit: {used} of {limit} MiB, and refuses what would grow",
    layer="datastores",
    visitor="503 for new jobs: OOM command not allowed",
    guide="Redis Performance Issues",
    reads=("host.redis_info",),
    fix="raise mech:datastores.redis.memoryMb, then pulumi up; mech queue says how many jobs wait",
    key="mech:datastores.redis.memoryMb",
    floor="degraded",
    follows=("REDIS_SETTING",),
    rules=("data-redis-memory",),
)
def redis_full(look: Look) -> Iterator[Found]:
    about = look.fact("host.redis_info")
    if about["maxmemory"] and about["used_memory"] >= 0.98 * about["maxmemory"]:
        given = {"used": about["used_memory"] >> 20, "limit": about["maxmemory"] >> 20}
        yield Found(look.using("redis"), given, (f"INFO memory: used_memory {about['used_memory']}",))


@cause(
    "REDIS_REPLICA",
    "Redis is a replica of {master}: it takes no writes, and its data is replaced by that one's",
    layer="datastores",
    visitor="503: READONLY",
    guide="public reports: REPLICAOF by a stranger",
    reads=("host.redis_info",),
    fix="docker exec redis redis-cli replicaof no one; if nobody did it: change mech:REDIS_PASSWORD",
    floor="data",
)
def redis_replica(look: Look) -> Iterator[Found]:
    about = look.fact("host.redis_info")
    if about["role"] != "master":
        yield Found(look.using("redis"), {"master": about["master_host"]}, (f"INFO replication: role {about['role']}",))


@cause(
    "REDIS_NOT_SAVING",
    "Redis could not write to disk: {what}",
    layer="datastores",
    visitor="503: MISCONF, or jobs lost at the next restart",
    guide="Redis Performance Issues",
    reads=("host.redis_info",),
    fix="df -h; docker logs redis --tail 20",
    floor="data",
    follows=("DISK_FULL",),
)
def redis_not_saving(look: Look) -> Iterator[Found]:
    about = look.fact("host.redis_info")
    for name in ("rdb_last_bgsave_status", "aof_last_write_status"):
        if about.get(name) not in ("ok", None, ""):
            yield Found(
                look.using("redis"), {"what": f"{name} {about[name]}"}, (f"INFO persistence: {name} {about[name]}",)
            )


@cause(
    "REDIS_CLIENTS",
    "Redis has {count} clients of {limit} that it takes",
    layer="datastores",
    visitor="503: max number of clients reached",
    guide="Redis Performance Issues",
    reads=("host.redis_info",),
    fix="docker exec redis redis-cli client list; restart whoever holds them",
    floor="degraded",
)
def redis_clients(look: Look) -> Iterator[Found]:
    about = look.fact("host.redis_info")
    if about["maxclients"] and about["connected_clients"] > 0.9 * about["maxclients"]:
        yield Found(look.using("redis"), {"count": about["connected_clients"], "limit": about["maxclients"]})


@cause(
    "DATASTORE_CONFIG_EDITED",
    "{path} is {there}",
    layer="datastores",
    visitor="nothing until the next restart",
    guide="by drift",
    reads=("drift.file",),
    fix="pulumi up",
)
def config_edited(look: Look) -> Iterator[Found]:
    for item in look.drift("file"):
        if "redis" in item.label or "mongodb" in item.label:
            yield Found((), {"path": item.label, "there": item.there})


@cause(
    "JOBS_STUCK",
    "{waiting} jobs wait and none of the {active} at work has ended for seconds: workers are held by long jobs, or hang",
    layer="datastores",
    visitor="new jobs stay queued",
    guide="mech-queue: Job Processing Failures",
    reads=("host.jobs",),
    fix="mech queue requeue gives them back to be tried again (never flushall: it deletes every job)",
    key="mech:services.queue.environment.QUEUE_WORKERS",
)
def jobs_stuck(look: Look) -> Iterator[Found]:
    jobs = look.fact("host.jobs")
    before = jobs.get("before") or {}
    if (
        jobs["pending"]
        and jobs["active"]
        and jobs["pending"] >= before.get("pending", 0)
        and jobs["active"] >= before.get("active", 1)
    ):
        given = {"waiting": jobs["pending"], "active": jobs["active"]}
        yield Found((), given, (f"GET /jobs, twice: pending {jobs['pending']}, active {jobs['active']}",))
