"""What the edge may see of the account."""

from __future__ import annotations

from sandbox.cloud.cloudflare.zones import SETTINGS, setting
from sandbox.cloud.store import Store
from sandbox.edge.view import Record, Rule, Zone

_PHASE = "http_request_firewall_custom"


class StoreView:
    """A ZoneView over the store; read at each request, so that a change counts at once."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def zone_for(self, host: str) -> Zone | None:
        """The active zone whose name is the longest suffix of `host`."""
        matches = [z for z in self.store.all("zone") if host == z["name"] or host.endswith(f".{z['name']}")]
        zone = max(matches, key=lambda z: len(z["name"]), default=None)
        if zone is None or zone["status"] != "active":
            return None
        records = [
            Record(r["name"], r["type"], r["content"], r["proxied"], r["ttl"], r.get("priority"))
            for r in self.store.all("dns")
            if r["_zone"] == zone["id"]
        ]
        rules = [
            Rule(rule["expression"], rule["action"], rule["enabled"])
            for ruleset in self.store.all("ruleset")
            if ruleset["_zone"] == zone["id"] and ruleset["phase"] == _PHASE
            for rule in ruleset["rules"]
        ]
        values = {id: setting(zone, id)["value"] for id in SETTINGS}
        return Zone(zone["name"], zone["id"], records, values, rules)
