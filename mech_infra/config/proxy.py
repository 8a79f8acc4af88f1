"""Config of nginx on the host."""

from __future__ import annotations

from pydantic import Field

from mech_infra.config.types import Section, wrong


class RateLimit(Section):
    """How many requests nginx takes from one client's address."""

    requests_per_second: int = Field(
        50,
        description="requests a second of one client's address",
        examples=[200],
        ge=1,
        le=100_000,
        json_schema_extra=wrong(
            "Too low: 429 for one office behind one address. Too high: one client slows all", 0, "50r/s"
        ),
    )
    burst: int = Field(
        100,
        description="how many requests over that pass at once before the others get a 429",
        examples=[400],
        ge=0,
        le=100_000,
        json_schema_extra=wrong("With 0, a page that asks for several things at once gets a 429", -1),
    )


class ProxyConfig(Section):
    """nginx on the host."""

    max_body_mb: int = Field(
        100,
        description="the largest request body, in MB (client_max_body_size; guide: 100M)",
        examples=[200],
        ge=1,
        le=10_000,
        json_schema_extra=wrong(
            "Over it: 413. Under 100 the policy proxy-body-size refuses, since storage takes files of 100 MB. More than Cloudflare "
            "takes (100 MB on its free plan: mech:edge.plan) is refused",
            500,
            0,
            "100M",
        ),
    )
    read_timeout_s: int = Field(
        110,
        description="seconds that nginx waits for an answer's next bytes; under the edge's 120, so that a slow upstream is a "
        "504 with a log line",
        examples=[60],
        ge=1,
        le=3600,
        json_schema_extra=wrong(
            "Over 120 the edge gives up first: 524, and nothing in nginx's log says why; refused, unless mech:edge.readTimeoutS "
            "says that yours waits longer",
            600,
            0,
            "110s",
        ),
    )
    rate_limit: RateLimit = RateLimit()
    redirect_to_https: bool = Field(
        False,
        description="plain HTTP is sent to https:// by nginx, too (mech:edge.alwaysUseHttps does so at the edge)",
        examples=[True],
        json_schema_extra=wrong(
            "A redirect loop under mech:edge.ssl flexible, where the edge comes by port 80: refused", True, "permanent"
        ),
    )
