"""All rules, in the order in which docs/policies.md shows them."""

from __future__ import annotations

from policies import data, edge, firewall, network, proxy, services
from policies.model import Rule

RULES: list[Rule] = [
    *firewall.RULES, *network.RULES, *edge.RULES, *services.RULES, *data.RULES, *proxy.RULES,
]  # fmt: skip
BY_ID = {rule.id: rule for rule in RULES}
