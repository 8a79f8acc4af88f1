"""Vultr: what its firewall group opens beside ours, and what hangs at the instance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from mech_infra.commands.firewall import WEB, Allow
from mech_infra.facts.clouds import asking
from mech_infra.facts.model import Check, Facts, Watch


def facts(access: Mapping[str, str]) -> dict[str, Any]:
    """The rules of the group, or how what `access` names hangs together. Raises Unreachable."""
    if "firewall_group" not in access:
        return {"attachments": attachments(access)}
    return {"rules": asking.vultr(f"/firewalls/{asking.quoted(access['firewall_group'])}/rules", "firewall_rules")}


# What is asked for, where the API has it, and what of it is told; an instance also has its root password.
_ATTACHED: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "instance": ("instances", "instance", ("power_status", "status", "server_status", "main_ip", "firewall_group_id")),
    "reserved_ip": ("reserved-ips", "reserved_ip", ("subnet", "instance_id")),
    "volume": ("blocks", "block", ("attached_to_instance", "mount_id")),
}

# In which field each says whose it is, and how people call it.
_HOLDER = {"reserved_ip": "instance_id", "volume": "attached_to_instance"}
_WORDS = {"reserved_ip": "reserved address", "volume": "data volume"}


def attachments(ids: Mapping[str, str]) -> dict[str, dict[str, Any] | None]:
    """How the instance, the reserved address and the volume of these ids hang together; None for what is gone.

    Raises Unreachable.
    """

    def read(kind: str) -> dict[str, Any] | None:
        place, key, fields = _ATTACHED[kind]
        found = asking.vultr_one(f"/{place}/{asking.quoted(ids[kind])}", key) if ids.get(kind) else None
        return found and {name: found.get(name) for name in fields}

    with ThreadPoolExecutor(len(_ATTACHED)) as pool:
        return dict(zip(_ATTACHED, pool.map(read, _ATTACHED), strict=True))


@dataclass(frozen=True)
class Attached(Check, kind="attached", reads=["attachments"]):
    """Our reserved address or data volume (`thing`, as `attachments` names it) is at our instance."""

    thing: str
    instance: str

    @property
    def label(self) -> str:
        return _WORDS[self.thing]

    good = "at our instance"

    def judge(self, facts: Facts) -> str | None:
        found = facts["attachments"][self.thing]
        if found is None:
            return "gone at Vultr"
        at = found[_HOLDER[self.thing]]
        if at == self.instance:
            return None
        return f"at another instance ({at})" if at else "at no instance"


@dataclass(frozen=True)
class ForeignRules(Watch, kind="foreign-group-rules"):
    """Ports that the group opens beside the declared ones, and those of `sources` to whom it opens them beside these."""

    ports: list[str]
    sources: dict[str, list[str]] | None = None  # by port, CIDRs; None: to whom is not looked at

    def tell(self, facts: Facts, access: Mapping[str, Any]) -> Iterator[str]:
        for r in facts.get("rules") or []:
            port, opened = str(r.get("port")), f"{r['subnet']}/{r['subnet_size']}"
            beside = self.sources is not None and opened not in self.sources.get(port, [opened])
            if r["protocol"] != "tcp" or port not in self.ports or beside:
                yield (
                    f"not ours: Vultr's firewall group accepts {r['protocol']} {r.get('port') or 'any'} from "
                    f"{opened} (left as it is)"
                )


def foreign_rules(allowed: Sequence[Allow]) -> ForeignRules:
    web = [allow for allow in allowed if allow.port in WEB and allow.source]
    sources = {port: [allow.source for allow in web if allow.port == port] for port in WEB} if web else None
    return ForeignRules([allow.port for allow in allowed], sources)
