"""All rules, by id and in the order of docs/policies.md."""

from __future__ import annotations

from policies.model import Rule
from policies.rules import (
    certificates,
    containers,
    data,
    edge,
    firewall,
    host,
    keys,
    network,
    ports,
    proxy,
    records,
    ufw,
    visitors,
)

RULES: list[Rule] = [
    rule
    for module in (
        firewall,
        ufw,
        network,
        edge,
        records,
        visitors,
        keys,
        ports,
        containers,
        data,
        proxy,
        certificates,
        host,
    )
    for rule in module.rule
]
BY_ID = {rule.id: rule for rule in RULES}
