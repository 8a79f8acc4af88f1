"""The zone: what stands beside our records and rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mech_infra.facts.clouds import asking
from mech_infra.facts.model import Facts, Watch


def facts(access: Mapping[str, str]) -> dict[str, Any]:
    """Records and rulesets of the zone. Raises Unreachable."""
    zone = f"/zones/{asking.quoted(access['zone'])}"
    return {"records": asking.cloudflare(f"{zone}/dns_records"), "rulesets": asking.cloudflare(f"{zone}/rulesets")}


@dataclass(frozen=True)
class ShadowingRecords(Watch, kind="shadowing-records"):
    """Records of others under our names; ours is the A record with the host's address (`access`)."""

    names: list[str]

    def tell(self, facts: Facts, access: Mapping[str, Any]) -> Iterator[str]:
        address, records = access.get("address"), facts.get("records") or []
        # Ours with another address is drift of ours, and Cloudflare's provider says it.
        intact = {r["name"] for r in records if r["type"] == "A" and r["content"] == address}
        for r in records:
            beside = r["type"] == "A" and r["content"] != address and r["name"] in intact
            if r["name"] in self.names and (r["type"] in ("AAAA", "CNAME", "NS") or beside):
                yield (
                    f"not ours: the record {r['type']} {r['name']} → {r['content']} stands beside ours, and visitors "
                    "get either (left as it is)"
                )


@dataclass(frozen=True)
class ForeignRulesets(Watch, kind="foreign-rulesets"):
    """Rules of others that the edge applies to our visitors before ours."""

    ours: str = "mech: blocked clients"

    def tell(self, facts: Facts, access: Mapping[str, Any]) -> Iterator[str]:
        for r in facts.get("rulesets") or []:
            if r.get("kind") == "zone" and r.get("name") != self.ours:
                yield f'not ours: the ruleset "{r["name"]}" ({r["phase"]}) acts on our visitors (left as it is)'
