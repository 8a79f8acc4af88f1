"""Docker's swarm, as its manager has it: who is in it, the network between the hosts, which tasks run."""

from __future__ import annotations

import http.client
import json
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mech_infra.commands.containers import MANAGED
from mech_infra.commands.swarm import SWARM
from mech_infra.commands.volume import DATA
from mech_infra.facts.host.docker import started
from mech_infra.facts.host.onhost import ask
from mech_infra.facts.host.program import asked, on_host, reads
from mech_infra.facts.model import Check, Facts, Watch, listed

NO_SERVICE = "no such service"  # what failed_task says of one that is not there


@reads()
def swarm() -> dict[str, Any] | None:
    """None where Docker does not run or does not answer; of who is no manager only how it is with the swarm."""
    if not started():
        return None
    try:
        about = ask("/info")["Swarm"]
        found = {"state": about["LocalNodeState"], "manager": about["ControlAvailable"], "address": about["NodeAddr"]}
        if not found["manager"]:
            return found
        nodes = [
            {
                "id": node["ID"], "name": node["Description"].get("Hostname", ""), "role": node["Spec"]["Role"],
                "availability": node["Spec"]["Availability"], "state": node["Status"]["State"],
            }
            for node in ask("/nodes")
        ]  # fmt: skip
        services = [
            {
                "name": item["Spec"]["Name"], "labels": item["Spec"].get("Labels") or {},
                "running": item["ServiceStatus"]["RunningTasks"], "wanted": item["ServiceStatus"]["DesiredTasks"],
                "error": last_error(item["ID"], item["ServiceStatus"]), "update": (item.get("UpdateStatus") or {}).get("State", ""),
            }
            for item in ask("/services?status=true")
        ]  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, http.client.HTTPException):
        return None
    return {**found, "nodes": nodes, "services": services}


@asked()
def membership() -> dict[str, Any] | None:
    """How this host is with the swarm, in its own words, also where the swarm has no leader; None where Docker does not say."""
    try:
        about = ask("/info", timeout=5)["Swarm"] if started() else None
    except (OSError, ValueError, KeyError, TypeError, http.client.HTTPException):
        return None
    return about and {
        "state": about["LocalNodeState"], "manager": about["ControlAvailable"], "address": about["NodeAddr"], "id": about["NodeID"],
        "error": about.get("Error") or "", "managers": sorted(one["Addr"] for one in about.get("RemoteManagers") or []),
    }  # fmt: skip


@on_host
def last_error(service: str, status: dict[str, int]) -> str:
    """Why a task of a service that lacks some does not run, in Docker's words; empty where none is missing."""
    if status["RunningTasks"] >= status["DesiredTasks"]:
        return ""
    chosen = urllib.parse.quote(json.dumps({"service": [service]}))
    tasks = sorted(ask(f"/tasks?filters={chosen}"), key=lambda task: str(task["UpdatedAt"]), reverse=True)
    said = [task["Status"].get("Err") or task["Status"].get("Message") for task in tasks if task["Status"].get("Err")]
    return str(said[0]) if said else ""


@asked(service="")
def failed_task(service: str) -> str:
    """Why the newest task of a service that failed did so, in Docker's words; empty where none did; see NO_SERVICE."""
    chosen = urllib.parse.quote(json.dumps({"name": [service]}))
    if service not in [one["Spec"]["Name"] for one in ask(f"/services?filters={chosen}")]:
        return "no such service"
    chosen = urllib.parse.quote(json.dumps({"service": [service]}))
    tasks = sorted(ask(f"/tasks?filters={chosen}"), key=lambda task: str(task["CreatedAt"]), reverse=True)
    ended = [task["Status"] for task in tasks if task["Status"]["State"] in ("failed", "rejected", "complete")]
    if ended and ended[0]["State"] == "complete":
        return "it ended with exit code 0, by itself or since its health check does not pass"
    return str(ended[0].get("Err") or ended[0].get("Message")) if ended else ""


@dataclass(frozen=True)
class Managing(Check, kind="swarm-manager", reads=["swarm"]):
    """This host manages the swarm, at its address on the private network."""

    address: Any  # an Output until the host is there

    label = "swarm"
    good = "managed here"

    def judge(self, facts: Facts) -> str | None:
        about = facts["swarm"]
        if about["state"] != "active":
            return f"this host is in none ({about['state']})"
        if not about["manager"]:
            return "this host is a worker of one"
        return None if about["address"] == self.address else f"managed at {about['address'] or 'no address'}"


@dataclass(frozen=True)
class Member(Check, kind="swarm-member", reads=["swarm"]):
    """A host of ours is in it, with this role, and takes tasks unless it is drained."""

    name: str
    role: str
    availability: str

    @property
    def label(self) -> str:
        return f"member {self.name}"

    @property
    def good(self) -> str:
        return f"{self.role}, {self.availability}"

    def judge(self, facts: Facts) -> str | None:
        if not facts["swarm"]["manager"]:
            return None  # that is another check's to tell
        found = [node for node in facts["swarm"]["nodes"] if node["name"] == self.name]
        if not found:
            return "not a member"
        ready = [node for node in found if node["state"] == "ready"]
        if not ready:
            return f"does not answer ({found[0]['state']})"
        there = f"{ready[0]['role']}, {ready[0]['availability']}"
        return None if there == self.good else there


@dataclass(frozen=True)
class ForeignMembers(Watch, kind="foreign-members"):
    """Nodes beside ours, which would run our tasks."""

    ours: list[str]

    def tell(self, facts: Facts, access: Mapping[str, Any]) -> Iterator[str]:
        for node in listed(facts, "swarm", "nodes"):
            if node["name"] not in self.ours:
                yield f"not ours: {node['name'] or node['id']} is in the swarm ({node['role']}, {node['state']}; left as it is)"


@dataclass(frozen=True)
class ForeignServices(Watch, kind="foreign-services"):
    def tell(self, facts: Facts, access: Mapping[str, Any]) -> Iterator[str]:
        for service in listed(facts, "swarm", "services"):
            if MANAGED not in service["labels"]:
                yield f"not ours: the service {service['name']} in the swarm is not declared (left as it is)"


@dataclass(frozen=True)
class MissingTasks(Watch, kind="missing-tasks"):
    """Tasks of ours that do not run: no drift, since the swarm starts them itself as soon as it can."""

    def tell(self, facts: Facts, access: Mapping[str, Any]) -> Iterator[str]:
        for service in listed(facts, "swarm", "services"):
            if MANAGED in service["labels"] and service["running"] < service["wanted"]:
                why = f": {service['error']}" if service["error"] else ""
                yield (
                    f"not well: of {service['name']} {service['running']} of {service['wanted']} tasks run{why}: "
                    f"docker service ps --no-trunc {service['name']}"
                )


@dataclass(frozen=True)
class StateElsewhere(Watch, kind="swarm-state-elsewhere"):
    """What this manager knows is on its own disk: no drift, since Docker has its files open until it is started anew."""

    def tell(self, facts: Facts, access: Mapping[str, Any]) -> Iterator[str]:
        on = {path: device for device, path in facts.get("mounts") or []}
        if (facts.get("swarm") or {}).get("manager") and on.get(SWARM) != on.get(DATA):
            yield (
                "not well: what this host knows of the swarm is not on the data volume, and is lost with it; it is there from "
                "the next boot on: mech ssh -- systemctl reboot (some seconds without the databases)"
            )
