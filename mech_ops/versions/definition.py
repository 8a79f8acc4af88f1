"""What a service is by a stack's config, as the Pulumi CLI gives it: `pulumi config --json`, or an update's in its history."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import pydantic

from mech_infra import catalogue
from mech_infra.config import PlatformConfig
from mech_infra.config.images import ImagesConfig
from mech_infra.config.sentences import sentence
from mech_infra.config.types import Section
from mech_infra.config.workloads import ServiceConfig
from mech_ops.errors import OpsError

Settings = Mapping[str, Any]
_Section = TypeVar("_Section", bound=Section)


class Unreadable(Exception):
    """The config does not say what the service is: encrypted, or not of this program's shape. The text is for people."""


@dataclass(frozen=True)
class Definition:
    """A version; memory is MiB, cpus are cores."""

    image: str
    port: int
    memory_mb: int
    cpus: float
    environment: Mapping[str, str]

    @property
    def tag(self) -> str:
        """What people call it: the image's tag, else the end of its name."""
        last = self.image.rpartition("/")[2]
        return last.partition(":")[2] or last


def known(service: str) -> None:
    """Raises OpsError for what has no versions."""
    if service in ("redis", "mongodb"):
        raise OpsError(
            f"{service} is a database: its data move only forward, and an older image may not read what a newer one "
            f"wrote. Change mech:datastores.{service} yourself and run pulumi up (docs/production.md, going back)"
        )
    if service not in catalogue.SERVICES:
        raise OpsError(f"there is no service {service!r}; the services are {', '.join(catalogue.SERVICES)}")


def section(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    """An object of the config, such as `services`; empty where it is not set. Raises Unreadable."""
    entry = config.get(f"mech:{name}") or {}
    if entry.get("secret"):
        raise Unreadable(
            f"mech:{name} holds an encrypted value, and is hidden as a whole; take it out there, and set it as a secret of its own: "
            "pulumi config set --secret --path mech:serviceSecrets.NAME.KEY"
        )
    try:
        found = entry.get("objectValue") or json.loads(entry.get("value") or "{}")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Unreadable(f"mech:{name} is not an object")
    return found


def settings(config: Mapping[str, Any], service: str) -> dict[str, Any]:
    """What the config changes of a service. Raises Unreadable."""
    found = section(config, "services").get(service) or {}
    if not isinstance(found, dict):
        raise Unreadable(f"mech:services.{service} is not an object")
    return found


def resolve(service: str, mine: Settings, images: Settings) -> Definition:
    """`mine` are its own settings, `images` the shared ones. Raises Unreadable."""
    # Only these two: a key of another section that is gone since must not cost the history.
    shared, own = _read(ImagesConfig, images, "images"), _read(ServiceConfig, mine, "services", service)
    platform = PlatformConfig.model_construct(images=shared, services={service: own})
    found = next(one for one in platform.resolved_services() if one.name == service)
    return Definition(found.image, found.port, found.memory_mb, found.cpus, dict(found.environment))


def _read(model: type[_Section], values: Settings, *place: str) -> _Section:
    try:
        return model.model_validate(values)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise Unreadable(sentence({**first, "loc": (*place, *first["loc"])})) from None


def of(config: Mapping[str, Any], service: str) -> Definition:
    """Raises Unreadable."""
    return resolve(service, settings(config, service), section(config, "images"))
