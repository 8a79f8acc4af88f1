"""What the edge may see of the account."""

from __future__ import annotations

from sandbox.cloud.cloudflare.zones import PLANS, SETTINGS, setting
from sandbox.cloud.store import Store
from sandbox.edge.view import Record, Rule, Zone

_PHASE = "http_request_firewall_custom"


_HOSTS = 1000  # whose zones are remembered; visitors may ask for any name


class StoreView:
    """A ZoneView over the store; looked up anew after each change of it, so that one counts at once."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._version: tuple[int, int] | None = None
        self._found: dict[str, Zone | None] = {}

    def zone_for(self, host: str) -> Zone | None:
        """The active zone whose name is the longest suffix of `host`."""
        version = self.store.version
        if version != self._version or len(self._found) >= _HOSTS:
            self._version, self._found = version, {}
        if host not in self._found:
            self._found[host] = self._find(host)
        return self._found[host]

    def _find(self, host: str) -> Zone | None:
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
        return Zone(zone["name"], zone["id"], records, values, rules, zone["plan"] != PLANS["free"])
