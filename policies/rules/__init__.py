"""All rules, in the order in which docs/policies.md shows them; a family's are in the order of its file."""

from __future__ import annotations

from policies.model import Rule
from policies.rules import (
    backups,
    certificates,
    containers,
    data,
    edge,
    firewall,
    hardening,
    host,
    isolation,
    keys,
    network,
    origin,
    plugins,
    ports,
    proxy,
    records,
    secrets,
    strangers,
    ufw,
    visitors,
)

RULES: list[Rule] = [
    rule
    for module in (
        firewall,
        ufw,
        origin,
        network,
        edge,
        records,
        visitors,
        keys,
        secrets,
        ports,
        containers,
        isolation,
        data,
        backups,
        strangers,
        proxy,
        certificates,
        host,
        plugins,
    )
    for rule in module.rule
]
# Judged only where they are asked for: `mech policy check --hardening`, or a level in --policy-pack-config.
HARDENING: list[Rule] = list(hardening.rule)
BY_ID = {rule.id: rule for rule in (*RULES, *HARDENING)}
