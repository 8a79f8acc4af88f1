"""The zone: what stands beside our records and rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from mech_infra.facts.clouds import asking
from mech_infra.facts.model import Facts, Unreachable, Watch


def facts(access: Mapping[str, str]) -> dict[str, Any]:
    """Records and rulesets of the zone. Raises Unreachable."""
    zone = f"/zones/{asking.quoted(access['zone'])}"
    return {"records": asking.cloudflare(f"{zone}/dns_records"), "rulesets": asking.cloudflare(f"{zone}/rulesets")}


def zone_facts(access: Mapping[str, str]) -> dict[str, Any]:
    """The zone, its settings by name, records, rulesets, and the rules that refuse visitors, each with its phase.

    None for what the token may not read. Raises Unreachable where not even the zone can be read.
    """
    zone = f"/zones/{asking.quoted(access['zone'])}"
    wanted: dict[str, Callable[[], Any]] = {
        "settings": lambda: {one["id"]: one["value"] for one in asking.cloudflare_one(f"{zone}/settings") or []},
        "records": lambda: asking.cloudflare(f"{zone}/dns_records"),
        "rulesets": lambda: asking.cloudflare(f"{zone}/rulesets"),
        "rules": lambda: [rule for phase in _REFUSING for rule in _rules(zone, phase)],
    }
    with ThreadPoolExecutor(len(wanted)) as pool:
        pending = {name: pool.submit(_readable, read) for name, read in wanted.items()}
        about = asking.cloudflare_one(zone) or {}
        shown = {"paused": bool(about.get("paused")), "status": about.get("status", "")}
        return {"zone": shown, **{name: one.result() for name, one in pending.items()}}


# The phases of https://developers.cloudflare.com/ruleset-engine/reference/phases-list/ by whose rules visitors are refused.
_REFUSING = ("http_request_firewall_custom", "http_ratelimit")


def _rules(zone: str, phase: str) -> list[dict[str, Any]]:
    entry = asking.cloudflare_one(f"{zone}/rulesets/phases/{phase}/entrypoint") or {}
    return [{**rule, "phase": phase} for rule in entry.get("rules") or []]


def _readable(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except Unreachable:
        return None


@dataclass(frozen=True)
class ShadowingRecords(Watch, kind="shadowing-records"):
    """Records of others under our names; ours are the A records with the hosts' addresses (`access`)."""

    names: list[str]

    def tell(self, facts: Facts, access: Mapping[str, Any]) -> Iterator[str]:
        address, records = access.get("address"), facts.get("records") or []
        # Ours with another address is drift of ours, and Cloudflare's provider says it.
        intact = {r["name"] for r in records if r["type"] == "A" and r["content"] == address}
        for r in records:
            ours = (address, *access.get("others", ()))
            beside = r["type"] == "A" and r["content"] not in ours and r["name"] in intact
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
