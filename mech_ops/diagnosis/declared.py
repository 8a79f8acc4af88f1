"""What should be there, out of the stack's state: as `pulumi up` left it, without asking anybody."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from mech_infra import catalogue
from mech_infra.commands.containers import REPLICA, SERVICE
from mech_ops import hosts, pulumi
from mech_ops.drift.report import SENSORS
from mech_ops.errors import OpsError
from mech_ops.resources import SECRET, accesses, of

Json = dict[str, Any]
_IDS = {
    "instance": "vultr:index/instance:Instance",
    "reserved_ip": "vultr:index/reservedIp:ReservedIp",
    "volume": "vultr:index/blockStorage:BlockStorage",
    "firewall_group": "vultr:index/firewallGroup:FirewallGroup",
}


def state(stack: str | None, begun: pulumi.Begun | None = None) -> list[Json]:
    """The resources of the state, secrets in the clear; `begun`: by an export that runs already.

    Raises OpsError where there is nothing to diagnose.
    """
    found = _resources(begun() if begun else pulumi.run(pulumi.open_state_command(stack)))
    if not any(r["type"] in SENSORS for r in found):
        raise OpsError("this stack has nothing to diagnose: bring it up first (`pulumi up`, in the sandbox `make up`)")
    return found


def outline(begun: pulumi.Exports) -> list[Json] | None:
    """The resources without their secrets, where that is enough to know whom to ask for what; else None."""
    try:
        found = _resources(begun.plain())
    except OpsError:
        return None  # the other export has the same to say
    ways = [r["inputs"]["access"] for r in found if r["type"] in SENSORS]
    return found if ways and SECRET not in json.dumps(ways) else None


def _resources(exported: str) -> list[Json]:
    return list((json.loads(exported).get("deployment") or {}).get("resources") or [])


def declared(resources: list[Json]) -> Json:
    """As a bundle has it: no secret."""
    containers = _containers(resources)
    found = {
        "stack": next((r["urn"].split(":")[2] for r in resources), ""),
        "address": _output(resources, "host_ip"),
        "services": _services(resources, containers),
        "containers": containers,
        "settings": {
            r["inputs"]["settingId"]: r["inputs"]["value"]
            for r in of(resources, "cloudflare:index/zoneSetting:ZoneSetting")
        },
        "records": {
            r["inputs"]["name"]: {"content": r["inputs"]["content"], "proxied": r["inputs"].get("proxied", False)}
            for r in of(resources, "cloudflare:index/dnsRecord:DnsRecord")
        },
        "zone": next((a["zone"] for a in accesses(resources) if "zone" in a), ""),
        "ids": {name: next((r["id"] for r in of(resources, token)), "") for name, token in _IDS.items()},
        "openings": [
            [str(r["inputs"]["port"]), f"{r['inputs']['subnet']}/{int(r['inputs']['subnetSize'])}"]
            for r in of(resources, "vultr:index/firewallRule:FirewallRule")
        ],
    }
    members = hosts.of(resources)
    return {**found, **_fleet(resources, members, found)} if len(members) > 1 else found


def _fleet(resources: list[Json], members: Sequence[hosts.Host], alone: Json) -> Json:
    """What a fleet has beside, or otherwise: its hosts, several records of a name, services without containers of their own.

    What a swarm runs has another container each time.
    """
    records: dict[str, Json] = {}
    for r in of(resources, "cloudflare:index/dnsRecord:DnsRecord"):
        about = records.setdefault(r["inputs"]["name"], {"addresses": [], "proxied": r["inputs"].get("proxied", False)})
        about["addresses"].append(r["inputs"]["content"])
    each = {
        host.name: {
            "address": host.address, "private": host.private, "role": host.role, "drained": host.drained,
            "ids": {**alone["ids"], "instance": host.instance, "reserved_ip": host.reserved_ip, **({} if host.first else {"volume": ""})},
        }
        for host in members
    }  # fmt: skip
    first = next(iter(each.values()))
    known = {c for c, about in alone["containers"].items() if about["service"]}
    services = {
        name: {**about, "containers": [container for container in about["containers"] if container in known]}
        for name, about in alone["services"].items()
    }
    # One that somebody removed, and a refresh forgot, is the swarm's all the same.
    lost = {_known(name).container_name: 1 for name, about in services.items() if not about["containers"]}
    tasks = {**lost, **_tasks(resources)}
    return {"ids": first["ids"], "records": records, "hosts": each, "tasks": tasks, "services": services}


def _tasks(resources: list[Json]) -> dict[str, int]:
    """By service of the swarm, how many of its tasks are to run."""
    return {
        r["inputs"]["name"]: int(((r["inputs"].get("mode") or {}).get("replicated") or {}).get("replicas") or 1)
        for r in of(resources, "docker:index/service:Service")
    }


def secrets(resources: list[Json]) -> list[str]:
    """Secret texts of at least six characters that the state has, longest first: what is said must not have one."""
    found: set[str] = set()
    # What a sensor declares is secret as a whole, and no secret: hashes, and words such as "maxmemory".
    _collect([r.get(part) for r in resources if r["type"] not in SENSORS for part in ("inputs", "outputs")], found)
    return sorted((text for text in found if len(text) >= 6), key=len, reverse=True)


def _collect(value: Any, into: set[str]) -> None:
    if isinstance(value, dict) and SECRET in value:
        hidden = json.loads(value["plaintext"])
        into.update([hidden, *_assignment(hidden)] if isinstance(hidden, str) else _assigned(hidden))
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            _collect(part, into)


def _assignment(text: str) -> Iterator[str]:
    """The value of one NAME=VALUE that is secret as a whole; of an address only its password is."""
    found = re.fullmatch(r"[A-Za-z_][\w.-]*=(.+)", text)
    if found and "://" not in found[1]:
        yield found[1]
    elif found:
        yield from _assigned(text)


def _assigned(value: Any) -> Iterator[str]:
    """Values of NAME=VALUE where the name says that it is a secret, and the passwords of URLs."""
    text = json.dumps(value)
    yield from re.findall(r"\b\w*(?:KEY|TOKEN|SECRET|PASSWORD)\w*=([^\s\"\\]+)", text)
    for url in re.findall(r"\w+://[^\s\"\\]+", text):
        if password := urlsplit(url).password:
            yield from (password, unquote(password))


def _output(resources: list[Json], name: str) -> Any:
    return next((r["outputs"].get(name) for r in resources if r["type"] == "pulumi:pulumi:Stack"), None)


def _labels(resource: Json) -> dict[str, str]:
    return {one["label"]: one["value"] for one in resource["inputs"].get("labels") or []}


def _known(service: str) -> catalogue.Service:
    """What the catalogue has of it; of one that it does not have any more, the name."""
    return catalogue.SERVICES.get(service) or catalogue.Service(service, port=0, memory_mb=0, cpus=0)


def _services(resources: list[Json], containers: dict[str, Json]) -> dict[str, Json]:
    found = {}
    for name, url in (_output(resources, "service_urls") or {}).items():
        known = _known(name)
        found[name] = {
            "url": url,
            "containers": [c for c, about in containers.items() if about["service"] == name] or [known.container_name],
            "datastores": list(known.datastores),
            "calls": list(known.calls),
            "secrets": list(known.secrets),
        }
    return found


def _containers(resources: list[Json]) -> dict[str, Json]:
    """By the name that it is known under on the host; a service's container gets the guide's from the switch."""
    found: dict[str, Json] = {}
    for r in of(resources, "docker:index/container:Container"):
        labels, inputs = _labels(r), r["inputs"]
        service = labels.get(SERVICE, "")
        name = _known(service).replica(int(labels.get(REPLICA, "1"))) if service else inputs["name"]
        memory, cpus = int(inputs.get("memory") or 0) << 20, float(inputs.get("cpus") or 0)
        found[name] = {"service": service, "memory": memory, "cpus": cpus}
    return found
