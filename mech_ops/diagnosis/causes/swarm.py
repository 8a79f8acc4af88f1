"""Docker's swarm over the hosts of a fleet: who is in it, and what lies between its members."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from mech_infra.commands.private import CIDR
from mech_infra.commands.swarm import NETWORK
from mech_ops.diagnosis.causes.model import Found, cause
from mech_ops.diagnosis.look import Look, Missing

Json = dict[str, Any]
_GUIDE = "Scale horizontally"
_NO_LEADER = r"does not have a leader|no elected primary|quorum|too few managers"
_DEAD = ("INSTANCE_GONE", "INSTANCE_HALTED", "ADDRESS_DETACHED", "DOCKER_DOWN")
_WORDS = {
    "2377": "what managers tell each other", "7946": "who is in the swarm", "4789": "what containers say to those of other hosts",
}  # fmt: skip


def _hosts(look: Look) -> dict[str, Json]:
    found: dict[str, Json] = look.declared["hosts"]
    return found


def _first(look: Look) -> str:
    return next(iter(_hosts(look)))


def _nodes(look: Look) -> Iterator[tuple[str, Json, list[Json]]]:
    """(host, as declared, its nodes as the manager has them): one that was made anew has an old one, too."""
    nodes = look.fact("swarm.nodes")
    for name, about in _hosts(look).items():
        yield name, about, [node for node in nodes if node["name"] == name]


def _ready(nodes: list[Json]) -> Json | None:
    return next((node for node in nodes if node["state"] == "ready"), None)


@cause(
    "QUORUM_LOST",
    "the swarm has no leader, since {lost}: what runs goes on, and nothing is started again, moved or updated",
    layer="swarm",
    visitor="nothing, until a task ends",
    guide=_GUIDE,
    reads=("swarm.membership",),
    fix="mech recover, then pulumi up",
    key="mech:fleet.managers",
    floor="degraded",
    follows=_DEAD,
)
def quorum_lost(look: Look) -> Iterator[Found]:
    said = look.fact("swarm.membership")
    managers = [name for name, about in _hosts(look).items() if about["role"] == "manager"]
    for name in managers:
        error = (said.get(name) or {}).get("error", "")
        if re.search(_NO_LEADER, error, re.I):
            silent = [one for one in managers if not said.get(one)]
            lost = f"{', '.join(silent)} cannot be asked" if silent else "its managers do not reach each other"
            yield Found((), {"lost": lost}, (f"docker info on {name}: {error.splitlines()[0][:200]}",))
            return


@cause(
    "SWARM_MANAGER_LOST",
    "{member} does not manage the swarm: {how}",
    layer="swarm",
    visitor="nothing, until a task ends",
    guide=_GUIDE,
    reads=("swarm.membership",),
    fix="pulumi up",
    floor="degraded",
    follows=("DOCKER_DOWN",),
)
def manager_lost(look: Look) -> Iterator[Found]:
    said, name = look.fact("swarm.membership"), _first(look)
    about, private = said.get(name), _hosts(look)[name]["private"]
    if about is None:
        raise Missing(f"{name} does not say how it is with the swarm")
    how = ""
    if about["state"] != "active":
        how = f"it is in none ({about['state']})"
    elif not about["manager"]:
        how = "it is a worker of one"
    elif private and about["address"] != private:
        how = f"it manages one at {about['address'] or 'no address'}, declared {private}"
    if how:
        yield Found(tuple(look.services), {"member": name, "how": how}, ("docker info: Swarm",), name)


@cause(
    "MEMBER_DOWN",
    "the member {member} does not answer the swarm ({state}): its tasks are started on the others",
    layer="swarm",
    visitor="nothing, where another host has a task; else 502 until one is well",
    guide=_GUIDE,
    reads=("swarm.nodes", "swarm.membership"),
    fix="mech recover, then pulumi up",
    floor="degraded",
    follows=(*_DEAD, "MEMBER_PORT_CLOSED"),
)
def down(look: Look) -> Iterator[Found]:
    for name, _, nodes in _nodes(look):
        error = (look.fact("swarm.membership").get(name) or {}).get("error", "")
        if nodes and not _ready(nodes):
            shows = [f"docker node ls: {name} {nodes[0]['state']}"]
            shows += [f"docker info on {name}: {error.splitlines()[0][:300]}"] if error else []
            yield Found((), {"member": name, "state": nodes[0]["state"]}, tuple(shows), name)


@cause(
    "MEMBER_MISSING",
    "the host {member} is no member of the swarm: none of its tasks run there",
    layer="swarm",
    visitor="nothing, while the others have room",
    guide=_GUIDE,
    reads=("swarm.nodes", "swarm.membership"),
    fix="pulumi up",
    floor="degraded",
    follows=_DEAD,
)
def missing(look: Look) -> Iterator[Found]:
    for name, _, nodes in _nodes(look):
        if not nodes:
            said = look.fact("swarm.membership").get(name) or {}
            shows = f"docker info there: {said['state']}" if said else "docker node ls: not in it"
            yield Found((), {"member": name}, (shows,), name)


@cause(
    "MEMBER_DRAINED",
    "the member {member} is on {there}, and that is not declared: it takes no tasks",
    layer="swarm",
    visitor="nothing, while the others have room",
    guide=_GUIDE,
    reads=("swarm.nodes",),
    fix="pulumi up; or, where it is meant: mech drain {member}",
    key="mech:fleet.drained",
)
def drained(look: Look) -> Iterator[Found]:
    for name, about, nodes in _nodes(look):
        node = _ready(nodes)
        if node and node["availability"] != "active" and not about["drained"]:
            shows = f"docker node ls: {name} {node['availability']}"
            yield Found((), {"member": name, "there": node["availability"]}, (shows,), name)


@cause(
    "MEMBER_DIFFERS",
    "the member {member} is {there} of the swarm, declared {declared}",
    layer="swarm",
    visitor="nothing",
    guide=_GUIDE,
    reads=("swarm.nodes",),
    fix="pulumi up",
    key="mech:fleet",
)
def differs(look: Look) -> Iterator[Found]:
    """Its role; or it takes tasks, and is to have none."""
    for name, about, nodes in _nodes(look):
        node = _ready(nodes)
        if node and about["role"] and node["role"] != about["role"]:
            given = {"there": f"a {node['role']}", "declared": f"a {about['role']}"}
            yield Found((), {"member": name, **given}, (f"docker node ls: {name} {node['role']}",), name)
        if node and about["drained"] and node["availability"] == "active":
            given = {"there": "an active member", "declared": "drained"}
            yield Found((), {"member": name, **given}, (f"docker node ls: {name} active",), name)


@cause(
    "MEMBER_FOREIGN",
    "the node {node} is in the swarm and not declared: it is given tasks, and with them their secrets",
    layer="swarm",
    visitor="nothing",
    guide=_GUIDE,
    reads=("swarm.nodes",),
    fix="docker node update --availability drain {id}; then docker node rm --force {id}",
)
def foreign(look: Look) -> Iterator[Found]:
    for node in look.fact("swarm.nodes"):
        if node["name"] not in _hosts(look):
            name = node["name"] or node["id"]  # one whose joining ended half-way has none
            yield Found((), {"node": name, "id": node["id"]}, (f"docker node ls: {name} {node['state']}",))


@cause(
    "OVERLAY_MISSING",
    "the network {name} between the hosts is gone: tasks find neither each other nor the databases",
    layer="swarm",
    visitor="503: could not connect to redis or mongodb",
    guide=_GUIDE,
    reads=("swarm.networks",),
    fix="pulumi up",
    floor="degraded",
    follows=("SWARM_MANAGER_LOST",),
)
def overlay_missing(look: Look) -> Iterator[Found]:
    if NETWORK not in look.fact("swarm.networks"):
        yield Found(tuple(look.services), {"name": NETWORK}, ("docker network ls",))


@cause(
    "MEMBER_PORT_CLOSED",
    "UFW does not let the other members in at {port} ({carries}): the rule is {there}",
    layer="swarm",
    visitor="503 from services that ask a host beside theirs, or nothing yet",
    guide=_GUIDE,
    reads=("drift.ufw-rule", "drift.beside-guard"),
    fix="pulumi up",
    floor="degraded",
)
def port_closed(look: Look) -> Iterator[Found]:
    for item in look.drift("ufw-rule"):
        if item.about.get("source") == CIDR:
            port = item.about["port"]
            carried = tuple(look.services) if port == "4789" else ()
            given = {"port": item.label.partition(" ")[0], "carries": _WORDS[port], "there": item.there}
            yield Found(carried, given, (f"UFW: {item.label} {item.there}",))
    for item in look.drift("beside-guard"):
        given = {"port": "the tasks' own ports", "carries": "what nginx on other hosts asks", "there": item.there}
        yield Found(tuple(look.services), given, ("iptables -S DOCKER-USER",))
