"""Docker itself, its networks and images."""

from __future__ import annotations

from collections.abc import Iterator

from mech_infra.commands.heal import TIMER
from mech_ops.diagnosis.causes.model import Found, cause
from mech_ops.diagnosis.look import Look, Missing

_HEALER = f"unit {TIMER}"


@cause(
    "DOCKER_DOWN",
    "Docker on the host does not answer",
    layer="docker",
    visitor="502",
    guide="Issue 2: Container Network Issues",
    reads=("host.docker", "host.units"),
    fix="mech recover, then pulumi up",
    floor="outage",
    follows=("VOLUME_DETACHED",),
)
def down(look: Look) -> Iterator[Found]:
    units = look.fact("host.units")
    try:
        look.fact("host.docker")
    except Missing:
        unit = units.get("docker.service") or {}
        yield Found(tuple(look.services), {}, (f"unit docker: {unit.get('active', 'unknown')}",))


@cause(
    "DOCKER_NOT_AT_BOOT",
    "{label}: {there}: after the next reboot nothing runs",
    layer="docker",
    visitor="nothing until the next reboot",
    guide="Escalation: Infrastructure Failure",
    reads=("drift.unit",),
    fix="pulumi up",
)
def not_at_boot(look: Look) -> Iterator[Found]:
    for item in look.drift("unit"):
        others = ("unit nginx", "unit ssh", "unit ufw", _HEALER)
        if item.label not in others and not any(word in item.label for word in ("certificate", "backup")):
            yield Found((), {"label": item.label, "there": item.there})


@cause(
    "NETWORK_MISSING",
    "the Docker network {name} is missing: containers do not find each other",
    layer="docker",
    visitor="503: could not connect to redis or mongodb",
    guide="Issue 2: Container Network Issues",
    reads=("drift.network",),
    fix="pulumi up",
    floor="degraded",
    rules=("network-missing",),
)
def network_missing(look: Look) -> Iterator[Found]:
    for item in look.drift("network"):
        if item.there == "missing":
            yield Found(tuple(look.services), {"name": item.about.get("name", item.label)}, ("docker network ls",))


@cause(
    "NETWORK_FOREIGN",
    "the Docker network {name} was made by hand: it is not the declared one",
    layer="docker",
    visitor="503 for those who are not on it",
    guide="Issue 2: Container Network Issues",
    reads=("drift.network",),
    fix="pulumi up",
    floor="degraded",
    rules=("network-missing",),
)
def network_foreign(look: Look) -> Iterator[Found]:
    for item in look.drift("network"):
        if item.there != "missing":
            yield Found(
                tuple(look.services),
                {"name": item.about.get("name", item.label)},
                ("docker network inspect: no label of ours",),
            )


@cause(
    "NETWORK_INTERNAL",
    "the Docker network {name} is internal: containers reach nothing outside",
    layer="docker",
    visitor="503 where a vendor is needed",
    guide="Issue 2: Container Network Issues",
    reads=("host.docker",),
    fix="pulumi up --replace '**network-bridge'",
    floor="degraded",
)
def network_internal(look: Look) -> Iterator[Found]:
    for network in look.fact("host.docker")["networks"]:
        if network["name"] == "mech-network" and network["internal"]:
            yield Found(tuple(look.services), {"name": network["name"]}, ("docker network inspect: Internal true",))


@cause(
    "IMAGE_FOREIGN",
    "{reference}: {there}",
    layer="docker",
    visitor="another program than the declared one, from the next start on",
    guide="by drift",
    reads=("drift.image",),
    fix="pulumi up",
    rules=("services-latest-image",),
)
def image_foreign(look: Look) -> Iterator[Found]:
    for item in look.drift("image"):
        yield Found((), {"reference": item.label, "there": item.there}, ("docker images",))


@cause(
    "CONTAINER_UNDECLARED",
    "{sentence}",
    layer="docker",
    visitor="nothing",
    guide="by drift",
    reads=("host.told",),
    fix="docker rm -f it, or declare it",
    floor="notice",
    follows=("CONTAINER_FOREIGN", "REDIS_FOREIGN", "MONGODB_FOREIGN"),
)
def undeclared(look: Look) -> Iterator[Found]:
    for said in [*look.told("the container", "is not declared"), *look.told("the network", "is not declared")]:
        yield Found((), {"sentence": said})


@cause(
    "HEALER_OFF",
    "{label}: {there}: a container that falls ill stays ill",
    layer="docker",
    visitor="nothing until a container falls ill",
    guide="Auto-Healing Script",
    reads=("drift.unit",),
    fix="pulumi up",
    key="mech:heal",
)
def healer_off(look: Look) -> Iterator[Found]:
    for item in look.drift("unit"):
        if item.label == _HEALER:
            yield Found((), {"label": item.label, "there": item.there})
