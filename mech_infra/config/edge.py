"""Config of Cloudflare: the zone and what it does to a request."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mech_infra.config.types import AddressOrCidr, Section, wrong


class EdgeConfig(Section):
    """Cloudflare: the zone, and what the edge does to a request before the host sees it."""

    zone_id: str | None = Field(
        None,
        description="the zone's id at Cloudflare, from its overview page; not set: the zone is made, in accountId",
        examples=["023e105f4ecef8ad9ca31a8372d0c353"],
        pattern=r"^[0-9a-f]{32}$",
        json_schema_extra=wrong(
            "With another zone's id Cloudflare refuses the records. `mech preflight` compares it with mech:domain, and "
            "names the right one"
        ),
    )
    account_id: str | None = Field(
        None,
        description="the account at Cloudflare in which the zone is made; needed only without zoneId",
        examples=["01a7362d577a6c3019a474fd6f485823"],
        pattern=r"^[0-9a-f]{32}$",
        json_schema_extra=wrong(
            "With neither zoneId nor accountId there is nowhere to put the records; with accountId and a zone that exists "
            "already, `pulumi up` tries to make it again. `mech preflight` says both"
        ),
    )
    ssl: Literal["flexible", "full", "strict"] = Field(
        "flexible",
        description="from the edge to the origin: `flexible` (guide) is plain HTTP, `full` encrypts, `strict` verifies, too",
        examples=["strict"],
        json_schema_extra=wrong(
            "`flexible` with mech:proxy.redirectToHttps is a redirect loop, and `strict` with a self-signed certificate is a 526 "
            "on every service: both are refused"
        ),
    )
    always_use_https: bool = Field(
        True,
        description="the edge sends visitors from http:// to https://",
        examples=[False],
        json_schema_extra=wrong("With false, services answer over plain HTTP: the policy edge-http-allowed refuses it"),
    )
    min_tls_version: Literal["1.2", "1.3"] = Field(
        "1.2",
        description="the oldest TLS that the edge speaks with visitors, in quotes",
        examples=["1.3"],
        json_schema_extra=wrong(
            "Without quotes it is a number, and refused. With 1.3, clients that know only 1.2 stay outside"
        ),
    )
    blocked: tuple[AddressOrCidr, ...] = Field(
        (),
        description="clients that the edge turns away with a 403",
        examples=[["198.51.100.7", "203.0.113.0/24"]],
        json_schema_extra=wrong("Your own address here locks you out of the services, not out of the host"),
    )
