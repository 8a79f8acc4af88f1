"""A look at several hosts: whose facts are whose, and each host's own part as if it were alone.

The first one's part of a bundle is where a single host's is; `Bundle.members` has the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from mech_infra import catalogue
from mech_infra.commands.containers import SERVICE
from mech_infra.facts import wanted
from mech_infra.facts.clouds import vultr
from mech_ops.diagnosis.bundle import Bundle
from mech_ops.hosts import Host

Json = dict[str, Any]
_MINE = ("address", "private", "ids")


def source(host: Host) -> str:
    """What a host's facts are called while they come in."""
    return "host" if host.first else f"host {host.name}"


def attachments(declared: Json) -> Json:
    """What hangs at the instances of the hosts beside the first one. Raises model.Unreachable."""
    others = list(declared.get("hosts") or {})[1:]
    if not others:
        return {}
    with ThreadPoolExecutor(len(others)) as pool:
        found = pool.map(lambda name: vultr.attachments(declared["hosts"][name]["ids"]), others)
        return {"members": dict(zip(others, found, strict=True))}


def inside(bundle: Bundle, members: Sequence[Host]) -> Json | None:
    """What nginx on the hosts gets of each service, the best of them; None until all that can be asked have said it."""
    sources = [source(host) for host in members if host.access]
    there = [bundle.facts[one].get("answers") or {} for one in sources if one in bundle.facts]
    if not there or any(one not in bundle.facts and one not in bundle.silent for one in sources):
        return None
    best: Json = {}
    for answers in there:
        for name, about in answers.items():
            if name not in best or about["nginx"].get("code"):
                best[name] = about
    return best


def judged(bundle: Bundle, sensors: Sequence[Json], members: Sequence[Host]) -> None:
    """Put each host's facts, silence, drift and words in their place."""
    own = [about for about in sensors if _whose(about["access"], members) is None]
    about = bundle.facts.get("vultr") or {}
    attached: Mapping[str, Json] = about.pop("members", {})
    bundle.drift, bundle.told = wanted.judged(own, bundle.facts)
    for host in members[1:]:
        part: Json = {"facts": {}, "silent": {}}
        if (name := source(host)) in bundle.facts:
            part["facts"]["host"] = bundle.facts.pop(name)
        else:
            part["silent"]["host"] = bundle.silent.pop(name, "it was not usable yet when the stack's state was written")
        if host.name in attached:
            part["facts"]["vultr"] = {"attachments": attached[host.name]}
        elif "vultr" in bundle.silent:
            part["silent"]["vultr"] = bundle.silent["vultr"]
        mine = [one for one in sensors if _whose(one["access"], members) is host]
        part["drift"], part["told"] = wanted.judged(mine, part["facts"])
        bundle.members[host.name] = part
    if bundle.members:
        _swarm(bundle, members)
    if bundle.members and not (bundle.facts.get("host") or {"jobs": 1}).get("jobs"):
        # Only where the queue's task is somebody can say it.
        said = (part["facts"].get("host") or {} for part in bundle.members.values())
        bundle.facts["host"]["jobs"] = next((facts["jobs"] for facts in said if facts.get("jobs")), None)


def _whose(access: Json, members: Sequence[Host]) -> Host | None:
    """Of the hosts beside the first one, whose sensor looks so."""
    for host in members[1:]:
        if access.get("host") == host.address or access.get("reserved_ip", "") == host.reserved_ip != "":
            return host
    return None


def _swarm(bundle: Bundle, members: Sequence[Host]) -> None:
    """What a manager says of the swarm, the first one where it can; and each host of its own part in it."""
    parts = {members[0].name: bundle.facts, **{name: part["facts"] for name, part in bundle.members.items()}}
    said = {name: facts["host"] for name, facts in parts.items() if "host" in facts}
    managing = [said[host.name] for host in members if host.role == "manager" and host.name in said]
    if not managing:
        bundle.silent["swarm"] = "none of its managers can be asked"
        return
    known: Json = next((facts["swarm"] for facts in managing if (facts.get("swarm") or {}).get("manager")), {})
    networks = next((facts["docker"]["networks"] for facts in managing if facts.get("docker")), None)
    bundle.facts["swarm"] = {
        "nodes": known.get("nodes"),
        "services": known.get("services"),
        "networks": networks and [network["name"] for network in networks],
        "membership": {name: facts.get("membership") for name, facts in said.items()},
    }


def each(bundle: Bundle) -> dict[str, Bundle]:
    """By host its own part of what was seen. Empty where there is one host."""
    hosts: dict[str, Json] = bundle.declared.get("hosts") or {}
    if not bundle.members:
        return {}
    found = {}
    for name, about in hosts.items():
        part = bundle.members.get(name) or {
            "facts": bundle.facts, "silent": bundle.silent, "drift": bundle.drift, "told": bundle.told,
        }  # fmt: skip
        first = name not in bundle.members
        shared = {key: facts for key, facts in bundle.facts.items() if key not in ("host", "vultr")}
        declared = {**bundle.declared, **{key: about[key] for key in _MINE}}
        if not first:
            declared["containers"] = {}
        facts = {**shared, **part["facts"]}
        declared["services"] = _with_tasks(bundle.declared["services"], [facts.get("host") or {}])
        silent = {key: why for key, why in bundle.silent.items() if key not in ("host", "vultr")} | part["silent"]
        found[name] = Bundle(bundle.taken, declared, facts, silent, part["drift"], part["told"])
    return found


def services(bundle: Bundle) -> dict[str, Json]:
    """As declared; those of a swarm with the containers that they have on any host."""
    known: dict[str, Json] = bundle.declared["services"]
    if not bundle.members:
        return known
    return _with_tasks(known, host_facts(bundle))


def host_facts(bundle: Bundle) -> list[Json]:
    """Of each host that answered."""
    parts = [bundle.facts, *(part["facts"] for part in bundle.members.values())]
    return [part["host"] for part in parts if part.get("host")]


def _called(service: str) -> str:
    """By the swarm, where none of its tasks is known."""
    known = catalogue.SERVICES.get(service)
    return known.container_name if known else service


def _with_tasks(services: Mapping[str, Json], facts: Sequence[Json]) -> dict[str, Json]:
    found: dict[str, list[str]] = {}
    for one in facts:
        for container in (one.get("docker") or {}).get("containers") or []:
            if (service := (container["labels"] or {}).get(SERVICE)) and container["state"] == "running":
                found.setdefault(service, []).append(container["name"])
    return {
        name: {**about, "containers": about["containers"] or found.get(name) or [_called(name)]}
        for name, about in services.items()
    }
