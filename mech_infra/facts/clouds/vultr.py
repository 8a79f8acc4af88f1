"""Vultr's firewall group before the host: what it opens beside ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mech_infra.commands.firewall import Allow
from mech_infra.facts.clouds import asking
from mech_infra.facts.model import Facts, Watch


def facts(access: Mapping[str, str]) -> dict[str, Any]:
    """The rules of the group. Raises Unreachable."""
    return {"rules": asking.vultr(f"/firewalls/{asking.quoted(access['firewall_group'])}/rules", "firewall_rules")}


@dataclass(frozen=True)
class ForeignRules(Watch, kind="foreign-group-rules"):
    """Ports that the group opens beside the declared ones."""

    ports: list[str]

    def tell(self, facts: Facts, access: Mapping[str, Any]) -> Iterator[str]:
        for r in facts.get("rules") or []:
            if r["protocol"] != "tcp" or str(r.get("port")) not in self.ports:
                yield (
                    f"not ours: Vultr's firewall group accepts {r['protocol']} {r.get('port') or 'any'} from "
                    f"{r['subnet']}/{r['subnet_size']} (left as it is)"
                )


def foreign_rules(allowed: Sequence[Allow]) -> ForeignRules:
    return ForeignRules([allow.port for allow in allowed])
