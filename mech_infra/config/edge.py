"""Config of Cloudflare: the zone and what it does to a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator

from mech_infra.config import networks
from mech_infra.config.types import Section, wrong

Plan = Literal["free", "pro", "business", "enterprise"]
# Cloudflare's documentation: "Maximum upload size" by plan, in MB (Enterprise: more on request), and the Proxy Read Timeout
# that is everybody's but Enterprise's to change (6,000 s at most).
BODY_MB: Mapping[Plan, int] = {"free": 100, "pro": 100, "business": 200, "enterprise": 500}
READ_TIMEOUT_S = 120


def _version_text(value: Any) -> Any:
    """1.2 without quotes is the same text."""
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else value


class EdgeConfig(Section):
    """Cloudflare: the zone, and what the edge does to a request before the host sees it."""

    enabled: bool = Field(
        True,
        description="whether the zone is touched: records that point to this host, and the zone's settings",
        examples=[False],
        json_schema_extra=wrong(
            "false: no name leads to this host, as for one beside another (`mech drill`); for a stack that had records, `pulumi up` "
            "takes them away, and visitors get NXDOMAIN",
            "dns only",
        ),
    )
    zone_id: str | None = Field(
        None,
        description="the zone's id at Cloudflare, from its overview page; not set: the zone is made, in accountId",
        examples=["023e105f4ecef8ad9ca31a8372d0c353"],
        pattern=r"^[0-9a-f]{32}$",
        json_schema_extra=wrong(
            "With another zone's id Cloudflare refuses the records. `mech preflight` compares it with mech:domain, and "
            "names the right one",
            "mech.is",
            12345678901234567890123456789012,
            form="32 hex digits in small letters",
        ),
    )
    account_id: str | None = Field(
        None,
        description="the account at Cloudflare in which the zone is made; needed only without zoneId",
        examples=["01a7362d577a6c3019a474fd6f485823"],
        pattern=r"^[0-9a-f]{32}$",
        json_schema_extra=wrong(
            "With neither zoneId nor accountId there is nowhere to put the records: refused before anything is touched; with "
            "accountId and a zone that exists already, `pulumi up` tries to make it again, as `mech preflight` says",
            "ops@mech.example",
            form="32 hex digits in small letters",
        ),
    )
    plan: Plan = Field(
        "free",
        description="the zone's plan at Cloudflare, which says how large a body it takes (in MB: free 100, pro 100, business 200, "
        "enterprise 500), and whether a sub-domain may be a zone or the edge may wait longer (enterprise)",
        examples=["business"],
        json_schema_extra=wrong(
            "It changes nothing at Cloudflare. A larger one than yours is: a 413 or 524 from the edge that this program no longer sees",
            "premium",
            "Business",
        ),
    )
    read_timeout_s: int = Field(
        READ_TIMEOUT_S,
        description="seconds after which the edge gives up, where Cloudflare has another number for your zone (Enterprise, its "
        "setting proxy_read_timeout)",
        examples=[600],
        ge=1,
        le=6000,
        json_schema_extra=wrong(
            "It changes nothing at Cloudflare, which waits 120 s where nobody told it otherwise: then visitors get its 524",
            600,
            7200,
        ),
    )
    max_upload_mb: int | None = Field(
        None,
        description="the largest request body that the edge takes, in MB, where Cloudflare raised it for you (Enterprise); not set: "
        "what mech:edge.plan has",
        examples=[1000],
        ge=1,
        le=10_000,
        json_schema_extra=wrong(
            "It changes nothing at Cloudflare: what it does not take is a 413 from the edge", 1000, "500 MB"
        ),
    )
    ssl: Literal["flexible", "full", "strict"] = Field(
        "flexible",
        description="from the edge to the origin: `flexible` (guide) is plain HTTP, `full` encrypts, `strict` verifies, too",
        examples=["strict"],
        json_schema_extra=wrong(
            "`flexible` with mech:proxy.redirectToHttps is a redirect loop, and `strict` with a self-signed certificate is a 526 "
            "on every service: both are refused",
            "flexibel",
            "strict",
            "off",
        ),
    )
    always_use_https: bool = Field(
        True,
        description="the edge sends visitors from http:// to https://",
        examples=[False],
        json_schema_extra=wrong(
            "With false, services answer over plain HTTP: the policy edge-http-allowed refuses it", "always"
        ),
    )
    min_tls_version: Annotated[Literal["1.2", "1.3"], BeforeValidator(_version_text)] = Field(
        "1.2",
        description="the oldest TLS that the edge speaks with visitors",
        examples=["1.3"],
        json_schema_extra=wrong("With 1.3, clients that know only 1.2 stay outside", "1.1", 1, "TLSv1.2"),
    )
    blocked: tuple[networks.Visitor, ...] = Field(
        (),
        description="clients that the edge turns away with a 403",
        examples=[["198.51.100.7", "203.0.113.0/24"]],
        json_schema_extra=wrong(
            "Your own address here locks you out of the services, not out of the host. What would turn away nearly everybody, the "
            "edge itself or nobody at all is refused; so is the host's own address, once there is one",
            ["0.0.0.0/0"],
            ["::/0"],
            ["128.0.0.0/1"],
            ["127.0.0.1"],
            ["104.16.0.0/13"],
            ["999.1.1.1"],
            ["198.51.100.7", "198.51.100.7"],
            "198.51.100.7",
        ),
    )

    @field_validator("blocked")
    @classmethod
    def _most_come_in(cls, blocked: tuple[str, ...]) -> tuple[str, ...]:
        networks.blocked(blocked)
        return blocked
