"""Config of who is told when something is wrong. Whom to tell is a secret (ALERT_DESTINATIONS): such addresses hold tokens."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field

from mech_infra.config.types import NAMESPACE, Section, wrong

DESTINATIONS = "ALERT_DESTINATIONS"
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/\s]\S*")


class AlertsConfig(Section):
    """What is told of new and cleared causes, and whether anything is."""

    enabled: bool = Field(
        False,
        description="whether `mech alert` posts new and cleared causes to the secret ALERT_DESTINATIONS",
        examples=[True],
        json_schema_extra=wrong(
            "true without ALERT_DESTINATIONS is refused. false: `mech alert` says that alerts are off, and looks at nothing",
            "prod",
        ),
    )
    on_host: bool = Field(
        False,
        description="whether the host looks at itself, too, by a timer; it does not need this machine, a workflow or a token of a cloud",
        examples=[True],
        json_schema_extra=wrong(
            "true without enabled is refused. Beside a `mech alert` from outside, what both see is told by both. Alone, nobody is "
            "told of what only visitors see (DNS, Cloudflare, Vultr's firewall), nor of a host that is dead",
            True,
        ),
    )
    every_s: int = Field(
        60,
        ge=20,
        le=3600,
        description="seconds between two looks of the host at itself",
        examples=[30],
        json_schema_extra=wrong(
            "Longer: a cause is told that much later. Shorter: a look is some two seconds of one core, at the lowest priority",
            5,
            "1m",
        ),
    )
    least: Literal["outage", "data", "degraded", "risk", "notice"] = Field(
        "risk",
        description="how bad a cause is at least that is told, as `mech diagnose` has it; the worst is outage, then data",
        examples=["degraded"],
        json_schema_extra=wrong(
            "notice also tells what is nobody's failure, such as a client that is turned away: that is each day. outage is "
            "silent about what is still to fail, such as a full disk",
            "bad",
        ),
    )


def addresses(text: str) -> list[str]:
    """Each destination of the secret: they stand apart by spaces or line breaks."""
    return text.split()


def mistake(text: str) -> str | None:
    """What is wrong with the secret, without a word of it; None when nothing is."""
    found = addresses(text)
    bad = [str(number) for number, one in enumerate(found, 1) if not _ADDRESS.fullmatch(one)]
    if not found:
        return "is empty"
    return f"has no address with a scheme (as slack://… or mailto://…) in place {', '.join(bad)}" if bad else None


def mistakes(config: AlertsConfig, secret: str | None) -> list[str]:
    """A sentence for each: who is to be told must be known, in a form that can be an address."""
    key = f"{NAMESPACE}:{DESTINATIONS}"
    how = f"set it: pulumi config set --secret {key}"
    found = []
    if config.on_host and not config.enabled:
        found.append(f"{NAMESPACE}:alerts.onHost needs {NAMESPACE}:alerts.enabled true; set it, or onHost to false")
    if secret is None and config.enabled:
        found.append(f"{NAMESPACE}:alerts.enabled is true, and nobody is told without {key}; {how}")
    if secret is not None and (wrong := mistake(secret)):
        found.append(f"{key} {wrong}; {how} (or, for no destination: pulumi config rm {key})")
    return found
