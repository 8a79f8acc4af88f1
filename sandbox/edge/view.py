"""What the edge and DNS may know of the account: a read-only view that the cloud implements."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class Record:
    """One DNS record. `name` is full, without a trailing dot; `ttl` is in seconds (1 means automatic)."""

    name: str
    type: str
    content: str
    proxied: bool
    ttl: int
    priority: int | None = None  # MX only


@dataclass(frozen=True)
class Rule:
    """One rule of the zone's http_request_firewall_custom ruleset, in the order it is judged."""

    expression: str
    action: str
    enabled: bool


@dataclass(frozen=True)
class Zone:
    """One zone. `settings` maps ids ("ssl", "always_use_https", "min_tls_version") to their values.

    `failover`: whether its plan has Zero-Downtime Failover.
    """

    name: str
    id: str
    records: list[Record] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=list)
    failover: bool = False


class ZoneView(Protocol):
    """Where the edge looks zones up, at each request: it keeps nothing."""

    def zone_for(self, host: str) -> Zone | None:
        """The zone whose name is the longest suffix of `host` (lower case, no port, no trailing dot)."""
        ...


class Closeable(Protocol):
    """A running server."""

    async def close(self) -> None:
        """Stop listening and drop what is open; safe to call twice."""
        ...
