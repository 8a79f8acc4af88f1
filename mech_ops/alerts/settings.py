"""What the stack's config says of alerts, its secret destinations too."""

from __future__ import annotations

from dataclasses import dataclass

import pydantic

from mech_infra.config import alerts
from mech_infra.config.alerts import AlertsConfig
from mech_infra.config.types import NAMESPACE
from mech_ops import pulumi, stack_config
from mech_ops.alerts.sending import Destination, destinations
from mech_ops.errors import OpsError
from mech_ops.versions import definition

_KEY = f"{NAMESPACE}:{alerts.DESTINATIONS}"


@dataclass(frozen=True)
class Settings:
    config: AlertsConfig
    destinations: list[Destination]


def read(stack: str | None) -> Settings:
    """Raises OpsError where the config cannot be read, or is wrong in this."""
    said = dict(stack_config.answer(pulumi.config_command(stack)))
    secret = (said.get(_KEY) or {}).get("value")
    try:
        config = AlertsConfig.model_validate(definition.section(said, "alerts"))
    except (definition.Unreadable, pydantic.ValidationError):
        raise OpsError("mech:alerts is wrong; `mech policy check` says where") from None
    if mistakes := alerts.mistakes(config, secret):
        raise OpsError(mistakes[0])
    return Settings(config, destinations(alerts.addresses(secret or "")))


def somebody(found: Settings) -> list[Destination]:
    """Raises OpsError where there is nobody to be told."""
    if not found.destinations:
        raise OpsError(f"{_KEY} is not set: nobody can be told; set it: pulumi config set --secret {_KEY}")
    return found.destinations


def name(stack: str | None) -> str:
    """The stack's name without its organization: the one given, else the one that is selected. Raises OpsError."""
    return (stack or pulumi.run(pulumi.selected_command()).strip()).rpartition("/")[2]
