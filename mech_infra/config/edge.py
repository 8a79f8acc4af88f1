"""Config of Cloudflare: the zone and what it does to a request."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mech_infra.config.types import AddressOrCidr, Section


class EdgeConfig(Section):
    zone_id: str | None = Field(
        None,
        description="the zone at Cloudflare; without it the zone is created in accountId",
        pattern=r"^[0-9a-f]{32}$",
    )
    account_id: str | None = Field(None, description="needed only to create the zone", pattern=r"^[0-9a-f]{32}$")
    ssl: Literal["flexible", "full", "strict"] = Field(
        "flexible",
        description="edge to origin: flexible (guide) is plain HTTP; full encrypts; strict verifies (use origin-ca)",
    )
    always_use_https: bool = True
    min_tls_version: Literal["1.2", "1.3"] = "1.2"
    blocked: tuple[AddressOrCidr, ...] = Field((), description="clients that the edge turns away")
