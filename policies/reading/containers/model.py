"""A container in docker.Container's terms, whatever declares it."""

from __future__ import annotations

import ipaddress
import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policies.model import UNKNOWN, Resource, Unjudged
from policies.reading.shell import HOLE, known

EVERYWHERE = "0.0.0.0"  # noqa: S104 - Docker's default, not ours


@dataclass(frozen=True)
class Container(Resource):
    """`props` are docker.Container's; `name` and `urn` are of the resource that declares it, which findings are told of.

    Beside the provider's own properties there are utsMode, cgroupnsMode, pidsLimit, links and `published` (swarm's).
    """

    how: str = "docker.Container"
    host: object = ""  # the address that a command is run at; UNKNOWN, or "" for the host that the program is about
    mech: bool = False  # whether the platform is there: then what is missing is a fault
    once: bool = False  # it does its work and ends (`docker run --rm`): it is no service

    @property
    def label(self) -> str:
        """What people call it."""
        name = self.props.get("name")
        if isinstance(name, str) and name and known(name):
            return name
        if self.how == "docker.Container":
            return self.name
        return f"a container of {self.image}" if self.image else f"a container of {self.name}"

    @property
    def image(self) -> str:
        """Its image as written; "" where that is not known."""
        image = self.props.get("image")
        return image if isinstance(image, str) and known(image) else ""

    def mode(self, key: str) -> str:
        """A namespace's mode (networkMode, pidMode, …)."""
        return self.text(key)


@dataclass(frozen=True)
class Port:
    """A published port; `external` is None where Docker takes any."""

    address: str
    external: int | None
    internal: object
    protocol: str


@dataclass(frozen=True)
class Mount:
    """What is mounted at `target`: source "" is an anonymous volume; `kind` is bind, volume or tmpfs."""

    kind: str
    source: object
    target: object
    read_only: bool


def container_name(resource: Resource) -> str:
    return resource.label if isinstance(resource, Container) else resource.text("name") or resource.name


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


def words(container: Resource) -> list[str]:
    """What it runs: entrypoint and command, `sh -c TEXT` taken apart; an unknown word is HOLE. Raises Unjudged where all
    of it is unknown."""
    found: list[str] = []
    for key in ("entrypoints", "command"):
        container.get(key)
        value = container.props.get(key)
        for word in value if isinstance(value, list | tuple) else ():
            found.append(HOLE if word is UNKNOWN else str(word))
    text = re.match(r"^(\S*/)?(ba|da|a)?sh$", found[0]) and len(found) > 2 if found else False
    if text and re.fullmatch(r"-[a-z]*c", found[1]):
        try:
            return shlex.split(found[2])
        except ValueError:
            return found[2].split()
    return found


def ports(container: Resource) -> Iterator[Port]:
    """Each port that is published by itself. Raises Unjudged at one whose address or number is unknown."""
    for port in container.maps("ports"):
        external, address = port.get("external"), port.get("ip")
        if external is UNKNOWN or address is UNKNOWN:
            raise Unjudged(f"{container.name}.ports")
        number = _number(external)
        if external is None or external == 0 or number is not None:
            yield Port(
                address if isinstance(address, str) and address else EVERYWHERE,
                number or None,
                port.get("internal"),
                str(port.get("protocol") or "tcp").lower(),
            )


def published(container: Resource) -> Iterator[tuple[str, int, str]]:
    """(address, host's port, protocol) of each published port whose number is fixed."""
    for port in ports(container):
        if port.external is not None:
            yield port.address, port.external, port.protocol


def _number(value: object) -> int | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and value == value and 0 < value < 65536:
        return int(value)
    return None


def is_loopback(address: str) -> bool:
    return address.startswith("127.") or address in ("::1", "localhost")


def is_private(address: str) -> bool:
    """Whether the internet does not reach it: loopback, or an address of a private network."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return is_loopback(address)
    return not found.is_unspecified and (found.is_private or found in _SHARED)


_SHARED = ipaddress.ip_network("100.64.0.0/10")  # of carriers, and of overlay networks such as Tailscale's


def mounts(container: Resource) -> list[Mount]:
    """All that is mounted: `mounts`, `volumes` and `tmpfs` in one list. Raises Unjudged where one of them is unknown."""
    found = []
    for mount in container.maps("mounts"):
        kind = str(mount.get("type") or "volume")
        source = mount.get("source") if kind != "tmpfs" else ""
        found.append(Mount(kind, _path(source), _path(mount.get("target")), mount.get("readOnly") is True))
    for volume in container.maps("volumes"):
        path = volume.get("hostPath")
        kind, source = ("bind", path) if path not in (None, "") else ("volume", volume.get("volumeName"))
        found.append(Mount(kind, _path(source), _path(volume.get("containerPath")), volume.get("readOnly") is True))
    tmpfs = container.get("tmpfs")
    found += [Mount("tmpfs", "", _path(target), False) for target in (tmpfs if isinstance(tmpfs, Mapping) else ())]
    return found


def _path(value: Any) -> object:
    """A path in its shortest form; "" for none."""
    if value is UNKNOWN or (isinstance(value, str) and not known(value)):
        return UNKNOWN
    if not isinstance(value, str) or not value:
        return ""
    return "/" + posixpath.normpath(value).lstrip("/") if value.startswith("/") else value


def networks(container: Resource) -> list[object]:
    """The names of the networks that it is attached to, UNKNOWN among them."""
    return [entry.get("name") for entry in container.maps("networksAdvanced")]
