"""Whom the web ports are open to where only Cloudflare's edge may come: what it publishes, else what the stack knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi_cloudflare.get_ip_ranges import get_ip_ranges

from mech_infra.facts.clouds.ranges import Absurd, accepted
from mech_infra.state import State

_KEY = "mech:firewall.webFrom cloudflare"


def current(before: State) -> tuple[str, ...]:
    """The ranges to let in. Those of the last `up` stay, and that is said, where the API does not answer or what it says
    is absurd; raises pulumi.RunError where there are none of those."""
    known = _known(before)
    try:
        return accepted(get_ip_ranges().ipv4_cidrs, known)
    except Absurd as what:
        why = f"Cloudflare's list of its ranges is refused: {what}"
    except Exception as error:  # whatever the SDK makes of a provider that has no answer
        why = f"Cloudflare's list of its ranges could not be had ({error})"
    if not known:
        raise pulumi.RunError(f"{why}; nothing was changed. {_KEY} needs it: try again, or set everyone for now")
    pulumi.log.warn(f"{why}; 80 and 443 stay open to the {len(known)} ranges that are in force")
    return known


def access(ranges: Sequence[str]) -> Mapping[str, Any]:
    """How their sensor looks, by which the next run knows them."""
    return {"ranges": list(ranges)}


def _known(before: State) -> tuple[str, ...]:
    for found in before.values():
        look = found["outputs"].get("access")
        if isinstance(look, Mapping) and look.get("ranges"):
            return tuple(look["ranges"])
    return ()
