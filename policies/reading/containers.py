"""Containers: names, environments, published ports, and which of them are databases."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.model import CONTAINER, UNKNOWN, Resource, Stack, Unjudged

DATABASE_PORTS = (6379, 27017)


def container_name(resource: Resource) -> str:
    return resource.text("name") or resource.name


def environment(resource: Resource) -> dict[str, str]:
    """Environment of a container, by name; unknown entries are left out. Raises Unjudged if all of it is unknown."""
    found = {}
    for entry in resource.items("envs"):
        if isinstance(entry, str):
            name, _, value = entry.partition("=")
            found[name] = value
    return found


def environment_is_partial(resource: Resource) -> bool:
    value = resource.props.get("envs")
    return value is UNKNOWN or (isinstance(value, list | tuple) and any(item is UNKNOWN for item in value))


def published(resource: Resource) -> Iterator[tuple[str, int, str]]:
    """(address, host's port, protocol) of each published port; the address defaults to everywhere, as Docker's."""
    for port in resource.maps("ports"):
        value = port.get("external")
        if value is UNKNOWN or port.get("ip") is UNKNOWN:
            raise Unjudged(f"{resource.name}.ports")
        if isinstance(value, int | float) and not isinstance(value, bool) and value == value and 0 < value < 65536:
            ip = port.get("ip")
            protocol = port.get("protocol")
            yield (
                ip if isinstance(ip, str) and ip else "0.0.0.0",  # noqa: S104 - Docker's default, not ours
                int(value),
                protocol if isinstance(protocol, str) else "tcp",
            )


def is_loopback(address: str) -> bool:
    return address.startswith("127.") or address in ("::1", "localhost")


def names_on_network(stack: Stack, network: str) -> set[str]:
    """Every name that answers on a network: containers and their aliases."""
    names: set[str] = set()
    for resource in stack.of(CONTAINER):
        attached = [entry for entry in resource.maps("networksAdvanced") if entry.get("name") in (network, UNKNOWN)]
        for entry in attached:
            names.add(container_name(resource))
            aliases = entry.get("aliases")
            names.update(alias for alias in aliases if isinstance(alias, str)) if isinstance(
                aliases, list | tuple
            ) else None
    return names


def is_database(resource: Resource) -> str | None:
    """ "redis", "mongodb" or None, by the container's name or image."""
    word = f"{resource.props.get('name')} {resource.props.get('image')} {resource.name}".lower()
    if re.search(r"\bredis\b", word):
        return "redis"
    return "mongodb" if re.search(r"\bmongo(db)?\b", word) else None
