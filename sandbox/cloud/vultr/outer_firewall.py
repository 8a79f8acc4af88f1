"""A firewall group's rules, as the host's outer firewall wants them."""

from __future__ import annotations

from sandbox.cloud.store import Store
from sandbox.host.model import FirewallRule
from sandbox.settings import Settings


def host_rules(store: Store, settings: Settings, group: str) -> list[FirewallRule] | None:
    """The rules of a group as the host wants them; None where no group is attached (all open)."""
    if not group:
        return None
    found = []
    for rule in store.all(f"firewall_rule:{group}"):
        subnet, size = rule["subnet"], rule["subnet_size"]
        if rule["source"] == "cloudflare":
            # The group's own list of Cloudflare's networks: in a sandbox that is the edge.
            subnet, size = settings.edge, 32
        found.append(FirewallRule(rule["ip_type"], rule["protocol"], rule["port"], subnet, size))
    return found
