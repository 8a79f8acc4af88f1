"""What a killed `pulumi up` made and did not note: found by the name that only this program gives, and removed.

What it made in the host's Docker is mech_ops.recovery.strays'.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from mech_ops import api

Json = dict[str, Any]

# token: (path, key of the list, field that is ours alone, name of the program's input)
_VULTR = {
    "vultr:index/sSHKey:SSHKey": ("ssh-keys", "ssh_keys", "name", "name"),
    "vultr:index/startupScript:StartupScript": ("startup-scripts", "startup_scripts", "name", "name"),
    "vultr:index/firewallGroup:FirewallGroup": ("firewalls", "firewall_groups", "description", "description"),
    "vultr:index/reservedIp:ReservedIp": ("reserved-ips", "reserved_ips", "label", "label"),
    "vultr:index/instance:Instance": ("instances", "instances", "label", "label"),
}


@dataclass(frozen=True)
class Orphan:
    """Something that exists at a provider and that the state does not know."""

    urn: str
    what: str
    how: str  # "vultr" or "cloudflare"
    where: str  # the path to DELETE


class Vendors:
    """Looks for orphans through the providers' own APIs; tokens come from the environment, as for Pulumi."""

    def __init__(self, vultr: httpx.Client | None = None, cloudflare: httpx.Client | None = None) -> None:
        self.vultr = vultr or api.vultr()
        self._cloudflare = cloudflare or api.cloudflare()

    def find(self, operation: Json, ids: set[str]) -> list[Orphan]:
        """What a pending create left behind. Raises OpsError when an API cannot be asked."""
        resource = operation.get("resource") or {}
        urn, token, inputs = resource.get("urn", ""), resource.get("type", ""), resource.get("inputs") or {}
        if operation.get("type") != "creating":
            return []
        if token in _VULTR:
            path, key, field, given = _VULTR[token]
            found = self._list(self.vultr, f"/{path}", key, {"per_page": "500"})
            return [
                Orphan(urn, f"{token.rpartition(':')[2]} {item[field]}", "vultr", f"/{path}/{item['id']}")
                for item in found
                if item.get(field) == inputs.get(given) and inputs.get(given) and item["id"] not in ids
            ]
        if token == "vultr:index/firewallRule:FirewallRule":
            return self._rules(urn, inputs, ids)
        if token == "cloudflare:index/dnsRecord:DnsRecord":
            zone = inputs.get("zoneId")
            query = {"name": str(inputs.get("name", "")), "type": str(inputs.get("type", ""))}
            found = self._list(self._cloudflare, f"/zones/{zone}/dns_records", "result", query)
            return [
                Orphan(urn, f"DNS record {item['name']}", "cloudflare", f"/zones/{zone}/dns_records/{item['id']}")
                for item in found
                if item["id"] not in ids and item.get("content") == inputs.get("content")
            ]
        if token == "cloudflare:index/ruleset:Ruleset":
            zone = inputs.get("zoneId")
            found = self._list(self._cloudflare, f"/zones/{zone}/rulesets", "result")
            return [
                Orphan(urn, f"ruleset {item['name']}", "cloudflare", f"/zones/{zone}/rulesets/{item['id']}")
                for item in found
                if item.get("phase") == inputs.get("phase") and item.get("kind") == "zone" and item["id"] not in ids
            ]
        return []

    def _rules(self, urn: str, inputs: Json, ids: set[str]) -> list[Orphan]:
        group = inputs.get("firewallGroupId")
        wanted = tuple(str(inputs.get(k, "")) for k in ("protocol", "port", "subnet", "subnetSize"))
        # None when the group itself is gone, and its rules with it.
        found = self._list(self.vultr, f"/firewalls/{group}/rules", "firewall_rules", {"per_page": "500"})
        return [
            Orphan(urn, f"firewall rule {wanted[0]} {wanted[1]}", "vultr", f"/firewalls/{group}/rules/{item['id']}")
            for item in found
            if tuple(str(item.get(k, "")) for k in ("protocol", "port", "subnet", "subnet_size")) == wanted
            and str(item["id"]) not in ids
        ]

    def remove(self, orphan: Orphan) -> None:
        """Delete it; what is gone already is fine. Raises OpsError."""
        api.ask(self.vultr if orphan.how == "vultr" else self._cloudflare, "DELETE", orphan.where)

    def _list(self, client: httpx.Client, path: str, key: str, query: Mapping[str, str] | None = None) -> list[Json]:
        return (api.ask(client, "GET", path, query) or {}).get(key) or []
