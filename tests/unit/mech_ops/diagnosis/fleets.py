"""A fleet of three that is well, made of the bundle of one host that is: mech with the databases, mech-w1, mech-w2."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

from mech_infra import catalogue
from mech_ops.diagnosis.bundle import Bundle

from . import patches

Json = dict[str, Any]
HOSTS = ("mech", "mech-w1", "mech-w2")
ADDRESSES = {name: f"198.51.100.{3 + n}" for n, name in enumerate(HOSTS)}
DATABASES = ("redis", "mongodb")


def bundle(managers: int = 1) -> Bundle:
    """Each service has a task on each host but the first."""
    seen = patches.read()
    about = seen.declared
    about["hosts"] = {
        name: {
            "address": ADDRESSES[name], "private": f"10.96.0.{3 + n}", "role": "manager" if n < managers else "worker",
            "drained": False, "ids": {**about["ids"], "instance": f"i-{name}", "reserved_ip": f"r-{name}"}
            | ({"volume": ""} if n else {}),
        }
        for n, name in enumerate(HOSTS)
    }  # fmt: skip
    about |= {"address": ADDRESSES["mech"], "ids": about["hosts"]["mech"]["ids"]}
    about["tasks"] = {service.container_name: 2 for service in catalogue.SERVICES.values()}
    about["containers"] = {name: one for name, one in about["containers"].items() if name in DATABASES}
    for one in about["services"].values():
        one["containers"] = []
    for name, record in list(about["records"].items()):
        about["records"][name] = {"addresses": [*ADDRESSES.values()], "proxied": record["proxied"]}
    records = [one for one in seen.facts["zone"]["records"] if one["name"] in about["records"]]
    others = [one for one in seen.facts["zone"]["records"] if one not in records]
    seen.facts["zone"]["records"] = others + [{**one, "content": at} for one in records for at in ADDRESSES.values()]
    whole = seen.facts["host"]
    seen.facts["host"] = _host(whole, "mech")
    seen.facts["vultr"]["attachments"] = _attached(seen.facts["vultr"]["attachments"], "mech")
    for name in HOSTS[1:]:
        facts = {
            "host": _host(whole, name),
            "vultr": {"attachments": _attached(seen.facts["vultr"]["attachments"], name)},
        }
        seen.members[name] = {"facts": facts, "silent": {}, "drift": [], "told": []}
    seen.facts["swarm"] = {
        "nodes": [
            {"id": f"n-{name}", "name": name, "role": one["role"], "availability": "active", "state": "ready"}
            for name, one in about["hosts"].items()
        ],
        "services": [
            {"name": name, "labels": {"mech.managed": "pulumi"}, "running": 2, "wanted": 2, "error": "", "update": "completed"}
            for name in about["tasks"]
        ],
        "networks": ["bridge", "mech-network", "mech-fleet"],
        "membership": {
            name: {
                "state": "active", "manager": one["role"] == "manager", "address": one["private"], "id": f"n-{name}", "error": "",
                "managers": [],
            }
            for name, one in about["hosts"].items()
        },
    }  # fmt: skip
    return seen


def _host(whole: Json, name: str) -> Json:
    """What that host has of the containers, under the names that tasks have."""
    first = name == HOSTS[0]
    services = [service.container_name for service in catalogue.SERVICES.values()]
    text = json.dumps(whole)
    for service in services:
        text = text.replace(f'"{service}"', f'"{service}.1.{name}"')
    facts: Json = json.loads(text)
    mine = set(DATABASES) if first else {f"{service}.1.{name}" for service in services}
    facts["docker"]["containers"] = [one for one in facts["docker"]["containers"] if one["name"] in mine]
    facts["docker"]["networks"].append({**facts["docker"]["networks"][0], "name": "mech-fleet", "id": "overlay"})
    facts["inspected"] = {one: about for one, about in facts["inspected"].items() if one in mine}
    facts["paths"]["containers"] = {one: about for one, about in facts["paths"]["containers"].items() if one in mine}
    for said in facts["answers"].values():
        said["containers"] = {one: about for one, about in said["containers"].items() if one in mine}
    facts["chains"].append("-A FORWARD -i br-mech-fleet -o br-mech-fleet -j DROP")
    if not first:
        facts |= {"backups": None, "redis_info": None, "jobs": None}
    return facts


def _attached(about: Json, name: str) -> Json:
    about = copy.deepcopy(about)
    about["reserved_ip"] |= {"instance_id": f"i-{name}", "subnet": ADDRESSES[name]}
    if name == HOSTS[0]:
        about["volume"]["attached_to_instance"] = f"i-{name}"
    else:
        about["volume"] = None
    return about


Change = Callable[[Bundle], Any]


def node(name: str, **about: str) -> Change:
    """What the manager says of a member."""
    return lambda seen: [one.update(about) for one in seen.facts["swarm"]["nodes"] if one["name"] == name]


def service(name: str, **about: Any) -> Change:
    """What the manager says of a service."""
    return lambda seen: [one.update(about) for one in seen.facts["swarm"]["services"] if one["name"] == name]


def member(name: str, **about: Any) -> Change:
    """What a host says of its own part in the swarm."""
    return lambda seen: seen.facts["swarm"]["membership"][name].update(about)


def drift(host: str, kind: str, label: str, there: str, **about: Any) -> Change:
    entry = {"kind": kind, "label": label, "there": there, "declared": "good", "about": about}
    return lambda seen: (seen.drift if host == HOSTS[0] else seen.members[host]["drift"]).append(entry)


def silent(host: str, why: str) -> Change:
    def change(seen: Bundle) -> None:
        part = seen.members[host]
        part["facts"].pop("host")
        part["silent"]["host"] = why
        seen.facts["swarm"]["membership"].pop(host)

    return change


def _foreign(seen: Bundle) -> None:
    seen.facts["swarm"]["nodes"].append(
        {"id": "n9", "name": "stranger", "role": "worker", "availability": "active", "state": "ready"}
    )


def _gone(seen: Bundle) -> None:
    nodes = seen.facts["swarm"]["nodes"]
    nodes[:] = [one for one in nodes if one["name"] != "mech-w1"]


def _no_service(seen: Bundle) -> None:
    services = seen.facts["swarm"]["services"]
    services[:] = [one for one in services if one["name"] != "mech-llms"]


CASES: dict[str, Change] = {
    "QUORUM_LOST": member(
        "mech", error="rpc error: code = Unknown desc = The swarm does not have a leader. It's possible"
    ),
    "SWARM_MANAGER_LOST": member("mech", state="inactive", manager=False),
    "MEMBER_DOWN": node("mech-w1", state="down"),
    "MEMBER_MISSING": _gone,
    "MEMBER_DRAINED": node("mech-w1", availability="drain"),
    "MEMBER_DIFFERS": node("mech-w1", role="manager"),
    "MEMBER_FOREIGN": _foreign,
    "OVERLAY_MISSING": lambda seen: seen.facts["swarm"]["networks"].remove("mech-fleet"),
    "SERVICE_GONE": _no_service,
    "TASKS_MISSING": service("mech-llms", running=1, error="task: non-zero exit (1)"),
    "SERVICE_SCALED": service("mech-llms", running=1, wanted=1),
    "SERVICE_ROLLED_BACK": service("mech-llms", update="rollback_completed"),
    "MEMBER_PORT_CLOSED": drift(
        "mech-w1", "ufw-rule", "4789/udp from 10.96.0.0/20", "missing", port="4789", source="10.96.0.0/20"
    ),
}
"""By cause of a swarm, what of a fleet that is well is changed by hand so that it is named."""
