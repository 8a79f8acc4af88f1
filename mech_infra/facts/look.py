"""Where the facts are that a sensor asks for, and the kinds of checks and watches that judge them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mech_infra.facts.clouds import cloudflare, ranges, vultr
from mech_infra.facts.host import program, trip

program.subjects()  # what is judged by a kind must be known by it


def facts(access: Mapping[str, str]) -> dict[str, Any]:
    """Those of a host, of the edge's ranges, a zone or a firewall group, as `access` says. Raises model.Unreachable."""
    if "host" in access:
        return trip.facts(access)
    if "ranges" in access:
        return ranges.facts(access)
    return cloudflare.facts(access) if "zone" in access else vultr.facts(access)
