"""Whether a program declares this platform: what is missing is judged only where it is."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mech_infra.catalogue import NETWORK_NAME, SERVICES
from mech_infra.commands.containers import MANAGED
from policies.model import CONTAINER, NETWORK, SERVICE, UNKNOWN, Resource, Stack

_CONTAINERS = re.compile("|".join(rf"{re.escape(one.container_name)}(-\d+)?" for one in SERVICES.values()))


_MARKS = (("networksAdvanced", "name", NETWORK_NAME), ("labels", "label", MANAGED))


def is_platform(stack: Stack) -> bool:
    """Whether it has the platform's network or a container on it, one of its services' containers, or a component of `mech:`."""
    kept: bool | None = stack.memo.get("platform")
    if kept is None:
        kept = stack.memo["platform"] = any(map(_ours, stack.resources))
    return kept


def _ours(resource: Resource) -> bool:
    if resource.type == CONTAINER:
        name, envs = resource.props.get("name"), resource.props.get("envs")
        return (
            bool(isinstance(name, str) and _CONTAINERS.fullmatch(name))
            or (isinstance(envs, list | tuple) and any(f"SERVICE_NAME={one}" in envs for one in SERVICES))
            or any(_has(resource, *mark) for mark in _MARKS)
        )
    if resource.type == SERVICE:
        return _of_swarm(resource)
    if resource.type == NETWORK:
        return resource.props.get("name") == NETWORK_NAME
    return resource.type.startswith("mech:platform:")


def _of_swarm(service: Resource) -> bool:
    task = service.props.get("taskSpec")
    if not isinstance(task, Mapping):
        return False
    spec, attached, name = task.get("containerSpec"), task.get("networksAdvanceds"), service.props.get("name")
    envs = spec.get("env") if isinstance(spec, Mapping) else None
    return (
        bool(isinstance(name, str) and _CONTAINERS.fullmatch(name))
        or (isinstance(envs, Mapping) and envs.get("SERVICE_NAME") in SERVICES)
        or any(isinstance(one, Mapping) and one.get("name") == NETWORK_NAME for one in _list(attached))
    )


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []


def _has(container: Resource, kind: str, key: str, value: str) -> bool:
    there = container.props.get(kind)
    return there is not UNKNOWN and any(entry.get(key) == value for entry in container.maps(kind))


def is_service(host: str) -> bool:
    """Whether a host name is called like a service of the platform."""
    return host.partition(".")[0] in SERVICES
