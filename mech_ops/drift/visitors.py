"""What visitors get, beside what is declared: nobody is told that all is well while they get errors."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from mech_ops import pulumi, status

# The edge's own codes take 19 s (522); a service that is well answers at once.
_WAIT_S = 13.0


@dataclass
class Visitors:
    """`down` and `ill` are sentences, a service each; `unasked` says why nobody could be asked."""

    down: list[str] = field(default_factory=list)
    ill: list[str] = field(default_factory=list)
    unasked: str = ""


def ask(stack: str | None) -> Visitors:
    """Every service's health, by the way that visitors come. Raises OpsError when the state cannot be read."""
    urls = pulumi.outputs(stack).get("service_urls") or {}
    if why := status.not_from_here(urls.values()):
        return Visitors(unasked=f"visitors were not asked: {why}")
    return judge(asyncio.run(status.ask_until(urls, lambda _: _WAIT_S)))


def judge(found: Sequence[status.Health]) -> Visitors:
    said = Visitors()
    for health in found:
        if not health.reported:
            detail = f"{health.code or ''} {health.detail}".strip()
            said.down.append(f"{health.service} is down for visitors: {detail}")
        elif not health.ok:
            said.ill.append(f"not well: {health.service} says {health.state}: {health.detail}")
    return said
