"""What `pulumi up` does only since Cloudflare's list of its ranges is another one (mech_infra.components.edge_ranges).

The program declares what the list says, so its resources differ from the last `up`, though nobody changed the program.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from mech_infra.facts.clouds.ranges import GivenUp, NotLetIn
from mech_ops.drift.events import Json, Step

_RULE = "vultr:index/firewallRule:FirewallRule"
_COMMAND = "command:local:Command"
_SENSOR = "pulumi-python:dynamic/mech:HostState"
# What EdgeRanges puts into triggers, and what such a command says: its text, or the files that it writes.
_MOVED = re.compile(r"ranges \d+")
_SAYS = ("create", "stdin", "triggers")


def moved(drift: Mapping[str, Json]) -> frozenset[str]:
    """The ranges that the list has and the firewall has not, or the other way round, as a sensor's drift says them."""
    words = [drift[label]["there"] for label in (NotLetIn.label, GivenUp.label) if label in drift]
    return frozenset(one for word in words for one in word.split(", "))


def follows(step: Step, ranges: Collection[str], plan: Mapping[str, Step]) -> bool:
    """Whether the step does no more than these ranges ask for."""
    if not ranges:
        return False
    old, new = _inputs(step.old), _inputs(step.new)
    if step.type == _RULE and step.op in ("create", "delete"):
        rule = new or old
        return f"{rule.get('subnet')}/{int(rule.get('subnetSize') or 0)}" in ranges
    if step.type == _COMMAND:
        return step.op in ("replace", "update") and _waits(old) and all(_root(path) in _SAYS for path in step.paths)
    if step.type == _SENSOR and step.op == "update":
        return _looks(old, new, ranges) and any(
            other.type == _COMMAND and other.parent == step.parent and _waits(_inputs(other.old))
            for other in plan.values()
        )
    return False


def _inputs(side: Json | None) -> Json:
    found: Json = (side or {}).get("inputs") or {}
    return found


def _root(path: str) -> str:
    return re.split(r"[.\[]", path)[0]


def _waits(command: Json) -> bool:
    return any(isinstance(one, str) and _MOVED.fullmatch(one) for one in command.get("triggers") or [])


def _looks(old: Json, new: Json, ranges: Collection[str]) -> bool:
    """Whether a sensor looks for rules of these ranges more or less, and else at most for another text of a file."""
    senders = {one.removesuffix("/32") for one in ranges}

    def rest(side: Json) -> Any:
        return {
            label: {key: value for key, value in check.items() if key != "sha256"}
            for label, check in (side.get("checks") or {}).items()
            if label.rpartition(" from ")[2] not in senders
        }

    return bool(rest(old) == rest(new)) and all(
        old.get(key) == new.get(key) for key in ("title", "watches") if key in old
    )
