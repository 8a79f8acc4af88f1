"""Vultr: the instance, and what is attached to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mech_infra.commands.firewall import WEB, Allow
from mech_infra.facts.clouds import vultr as facts
from mech_ops.diagnosis.causes.model import Found, cause
from mech_ops.diagnosis.look import Look

_EVERYBODY = "0.0.0.0/0"


def _source(rule: dict[str, Any]) -> str:
    return f"{rule['subnet']}/{rule['subnet_size']}"


def _all(look: Look) -> tuple[str, ...]:
    return tuple(look.services)


@cause(
    "INSTANCE_GONE",
    "the instance {id} does not exist at Vultr any more",
    layer="vultr",
    visitor="523 or 522",
    guide="Escalation: Infrastructure Failure",
    reads=("vultr.attachments",),
    fix="mech recover, then mech up",  # of a fleet's manager the engine is not to ask first (mech_ops.host_state)
    floor="outage",
)
def gone(look: Look) -> Iterator[Found]:
    if look.fact("vultr.attachments")["instance"] is None:
        yield Found(_all(look), {"id": look.declared["ids"]["instance"]}, ("GET /instances/ID: 404",))


@cause(
    "INSTANCE_HALTED",
    "the instance is {power} at Vultr",
    layer="vultr",
    visitor="522 after 19 s",
    guide="Escalation: Infrastructure Failure",
    reads=("vultr.attachments",),
    fix="mech recover, then pulumi up",
    floor="outage",
)
def halted(look: Look) -> Iterator[Found]:
    about = look.fact("vultr.attachments")["instance"]
    if about and about["power_status"] != "running":
        shows = (f"power_status {about['power_status']}", f"status {about['status']}")
        yield Found(_all(look), {"power": about["power_status"]}, shows)


@cause(
    "ADDRESS_DETACHED",
    "the reserved address {address}, to which the records lead, is not at our instance",
    layer="vultr",
    visitor="522 after 19 s, or 523",
    guide="public reports: reserved IP",
    reads=("vultr.attachments",),
    fix="mech recover; where SSH does not answer then: mech recover --reboot",
    floor="risk",
    rules=("host-no-reserved-ip",),
)
def address_detached(look: Look) -> Iterator[Found]:
    about = look.fact("vultr.attachments")
    if about["instance"] is None or not look.declared["ids"]["reserved_ip"]:
        return
    at = (about["reserved_ip"] or {}).get("instance_id", "")
    if at != look.declared["ids"]["instance"]:
        where = f"Vultr: it is at {at or 'no instance'}" if about["reserved_ip"] else "Vultr: there is no such address"
        yield Found(_all(look), {"address": look.declared["address"]}, (where,))


@cause(
    "VOLUME_DETACHED",
    "the databases' volume is not attached to our instance: the next reboot takes the platform down",
    layer="vultr",
    visitor="nothing until then; 502 and lost data after it",
    guide="public reports: block storage",
    reads=("vultr.attachments",),
    fix="mech recover",
    floor="data",
    rules=("data-detachable",),
)
def volume_detached(look: Look) -> Iterator[Found]:
    about = look.fact("vultr.attachments")
    if about["instance"] is None or not look.declared["ids"]["volume"]:
        return
    at = (about["volume"] or {}).get("attached_to_instance", "")
    if at != look.declared["ids"]["instance"]:
        harmed = tuple(sorted({*look.using("mongodb"), *look.using("redis")}))
        where = f"Vultr: it is at {at or 'no instance'}" if about["volume"] else "Vultr: there is no such volume"
        yield Found(harmed, {}, (where,))


@cause(
    "VULTR_GROUP_LOST",
    "the instance is not behind our firewall group at Vultr, but behind {group}",
    layer="vultr",
    visitor="522 after 19 s, or nothing",
    guide="Issue 1",
    reads=("vultr.attachments",),
    fix="pulumi up",
    rules=("firewall-no-group",),
)
def group_lost(look: Look) -> Iterator[Found]:
    about, ours = look.fact("vultr.attachments")["instance"], look.declared["ids"]["firewall_group"]
    if about and ours and about["firewall_group_id"] != ours:
        yield Found(_all(look), {"group": about["firewall_group_id"] or "none"}, ("firewall_group_id of the instance",))


@cause(
    "VULTR_GROUP_CLOSED",
    "Vultr's firewall group does not let {port}/tcp in{source}",
    layer="vultr",
    visitor="522 after 19 s",
    guide="Issue 1",
    reads=("vultr.rules",),
    fix="pulumi up",
    rules=("firewall-group-differs",),
)
def group_closed(look: Look) -> Iterator[Found]:
    open_ = {(str(r.get("port")), _source(r)) for r in look.fact("vultr.rules") if r["protocol"] == "tcp"}
    ports = sorted({port for port, _ in open_})
    for port, source in look.declared["openings"]:
        if (port, source) not in open_:
            harmed = _all(look) if port in WEB else ()
            whose = "" if source == _EVERYBODY else f" from {source}"
            yield Found(harmed, {"port": port, "source": whose}, (f"its rules open {', '.join(ports) or 'nothing'}",))


@cause(
    "VULTR_GROUP_OPEN",
    "{sentence}",
    layer="vultr",
    visitor="nothing",
    guide="Unauthorized Access",
    reads=("vultr.rules",),
    fix="remove the rule at Vultr, or declare it",
    floor="risk",
    rules=("firewall-group-differs",),
)
def group_open(look: Look) -> Iterator[Found]:
    seen = {"rules": look.fact("vultr.rules")}
    declared = [Allow(port, "" if source == _EVERYBODY else source) for port, source in look.declared["openings"]]
    for said in facts.foreign_rules(declared).tell(seen, {}):
        yield Found(arguments={"sentence": said.removeprefix("not ours: ").removesuffix(" (left as it is)")})
