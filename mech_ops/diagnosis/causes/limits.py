"""What a container may take of the host, and what comes of too little."""

from __future__ import annotations

from collections.abc import Iterator

from mech_ops.diagnosis.causes.model import Found, cause
from mech_ops.diagnosis.look import Look, seconds

_LATE_S = 600
_DATASTORES = ("redis", "mongodb")


@cause(
    "CONTAINER_OOM",
    "the container {name} reached its memory limit of {limit} MiB and was killed",
    layer="container",
    visitor="502 for what it was at",
    guide="Memory Issues",
    reads=("host.inspected", "host.machine", "host.docker"),
    fix="raise {key}, then pulumi up",
    key="{key}",
    rules=("services-no-memory-limit",),
)
def oom(look: Look) -> Iterator[Found]:
    """Docker forgets it at the next start, and the kernel counts it for ever: of one that runs, only when it began of late."""
    machine = look.fact("host.machine")
    killed = "\n".join(machine["oom"])
    ids = {c["name"]: c["id"] for c in look.fact("host.docker")["containers"]}
    for name, about in look.fact("host.inspected").items():
        late = machine["now"] - seconds(about["started"]) < _LATE_S
        if about["oom"] or (late and ids.get(name, "?") in killed):
            own = (
                f"datastores.{name}" if name in _DATASTORES else f"services.{next(iter(look.of_container(name)), name)}"
            )
            given = {"name": name, "limit": about["memory"] >> 20, "key": f"mech:{own}.memoryMb"}
            # One that runs again and is well harms nobody any more.
            ill = about["state"] not in ("running", "paused") or about["health"] == "unhealthy"
            harmed = look.of_container(name) if ill else ()
            yield Found(harmed, given, (f"docker inspect: OOMKilled, {about['restarts']} restarts",))


@cause(
    "CONTAINER_LIMITS",
    "the container {name} has {there}, declared {declared}",
    layer="container",
    visitor="502 or slow answers, when it is less",
    guide="Memory Issues; High CPU Usage",
    reads=("host.inspected",),
    fix="pulumi up",
    key="mech:services.NAME",
    floor="degraded",
    follows=("CONTAINER_FOREIGN", "REDIS_FOREIGN", "MONGODB_FOREIGN"),
    rules=(
        "services-no-memory-limit",
        "services-no-cpu-limit",
        "services-swap",
    ),
)
def limits(look: Look) -> Iterator[Found]:
    inspected = look.fact("host.inspected")
    for name, wanted in look.declared["containers"].items():
        about = inspected.get(name)
        if about and about.get("managed", True):
            memory, cpus = about["memory"], about["cpus"]
            if wanted["memory"] and memory != wanted["memory"]:
                given = {
                    "name": name,
                    "there": f"{memory >> 20} MiB memory",
                    "declared": f"{wanted['memory'] >> 20} MiB",
                }
                yield Found(look.of_container(name), given, (f"docker inspect: Memory {memory}",))
            if wanted["cpus"] and abs(cpus - wanted["cpus"]) > 0.001:
                given = {"name": name, "there": f"{cpus:g} cores", "declared": f"{wanted['cpus']:g}"}
                yield Found(look.of_container(name), given, (f"docker inspect: NanoCpus {cpus:g}e9",))
