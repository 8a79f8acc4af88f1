"""What visitors get, beside what is declared: nobody is told that all is well while they get errors."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from mech_ops import api, pulumi, status

# The edge's own codes take 19 s (522); a service that is well answers at once.
_WAIT_S = 13.0
_UNKNOWN = ("Name or service not known", "nodename nor servname", "No address associated", "name resolution")


@dataclass
class Visitors:
    """`down` and `ill` are sentences, a service each; `unasked` says why nobody could be asked."""

    down: list[str] = field(default_factory=list)
    ill: list[str] = field(default_factory=list)
    unasked: str = ""


def ask(stack: str | None) -> Visitors:
    """Every service's health, by the way that visitors come. Raises OpsError when the state cannot be read."""
    urls = pulumi.outputs(stack).get("service_urls") or {}
    return judge(asyncio.run(status.ask_until(urls, lambda: _WAIT_S)), elsewhere=api.elsewhere())


def judge(found: Sequence[status.Health], elsewhere: bool) -> Visitors:
    """`elsewhere`: the clouds are not the real ones, so this machine need not know their names."""
    unknown = [health for health in found if not health.code and any(word in health.detail for word in _UNKNOWN)]
    if elsewhere and found and len(unknown) == len(found):
        return Visitors(unasked=f"this machine does not know the name of any service, such as {found[0].url}")
    said = Visitors()
    for health in found:
        if not health.reported:
            said.down.append(
                f"{health.service} is down for visitors: {health.code or ''} {health.detail}".replace("  ", " ")
            )
        elif not health.ok:
            said.ill.append(f"not well: {health.service} says {health.state}: {health.detail}")
    return said
