"""The services that a fleet's swarm runs, as its manager has them."""

from __future__ import annotations

from collections.abc import Iterator

from mech_infra import catalogue
from mech_infra.commands.containers import MANAGED
from mech_ops.diagnosis.causes.model import Found, cause
from mech_ops.diagnosis.look import Look

_GUIDE = "Scale horizontally"
_MEMBER = ("MEMBER_DOWN", "MEMBER_MISSING", "MEMBER_DRAINED", "QUORUM_LOST", "SWARM_MANAGER_LOST")


@cause(
    "SERVICE_GONE",
    "the service {name} is not in the swarm any more",
    layer="swarm",
    visitor="502",
    guide=_GUIDE,
    reads=("swarm.services",),
    fix="pulumi up",
    floor="degraded",
    follows=("SWARM_MANAGER_LOST",),
)
def service_gone(look: Look) -> Iterator[Found]:
    there = {service["name"] for service in look.fact("swarm.services")}
    for name in sorted(look.declared["tasks"].keys() - there):
        yield Found((catalogue.of_container(name),), {"name": name}, ("docker service ls",))


@cause(
    "TASKS_MISSING",
    "of {name} {running} of {wanted} tasks run: {why}",
    layer="swarm",
    visitor="502 where none runs; else nothing",
    guide=_GUIDE,
    reads=("swarm.services",),
    fix="mech ps; docker service ps --no-trunc {name}; mech logs {service}",
    floor="degraded",
    follows=(*_MEMBER, "OVERLAY_MISSING", "DOCKER_DOWN", "CONTAINER_OOM", "CONTAINER_UNHEALTHY", "MEMBER_PORT_CLOSED"),
)
def tasks_missing(look: Look) -> Iterator[Found]:
    for service in look.fact("swarm.services"):
        if MANAGED in service["labels"] and service["running"] < service["wanted"]:
            name = catalogue.of_container(service["name"])
            why = service["error"] or "the swarm does not say why"
            given = {"name": service["name"], "service": name, "why": why}
            counts = {key: service[key] for key in ("running", "wanted")}
            yield Found((name,), given | counts, (f"docker service ls: {service['running']}/{service['wanted']}",))


@cause(
    "SERVICE_SCALED",
    "the service {name} is scaled to {there} by hand, declared {declared}",
    layer="swarm",
    visitor="nothing, or slower answers where it is less",
    guide=_GUIDE,
    reads=("swarm.services",),
    fix="pulumi up",
    key="mech:services.{service}.replicas",
)
def scaled(look: Look) -> Iterator[Found]:
    services, declared = look.fact("swarm.services"), look.declared["tasks"]
    for service in services:
        name = service["name"]
        if name in declared and service["wanted"] != declared[name]:
            given = {
                "name": name,
                "service": catalogue.of_container(name),
                "there": service["wanted"],
                "declared": declared[name],
            }
            yield Found((), given, (f"docker service ls: {service['running']}/{service['wanted']}",))


@cause(
    "SERVICE_ROLLED_BACK",
    "the swarm took the last update of {name} back ({update}): what it was to run did not become well",
    layer="swarm",
    visitor="nothing: the version before answers",
    guide=_GUIDE,
    reads=("swarm.services",),
    fix="docker service ps --no-trunc {name}; set its config right, then pulumi up; or mech rollback {service}",
    key="mech:services.{service}",
)
def rolled_back(look: Look) -> Iterator[Found]:
    for service in look.fact("swarm.services"):
        if MANAGED in service["labels"] and service["update"].startswith(("rollback", "paused")):
            given = {
                "name": service["name"],
                "service": catalogue.of_container(service["name"]),
                "update": service["update"],
            }
            yield Found((), given, (f"docker service inspect: UpdateStatus {service['update']}",))
