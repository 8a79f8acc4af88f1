"""Which version a service's definition is, and in which slot it runs. Purely; ports are TCP on the host's loopback."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mech_infra.catalogue import SERVICE_PORTS
from mech_infra.commands.containers import SERVICE, SLOT, VERSION
from mech_infra.guard.judging import CONTAINER

if TYPE_CHECKING:
    from mech_infra.state import State  # needs Pulumi, which a host that reads facts has not

SLOTS = ("blue", "green")
_BASE = {"blue": 10_000, "green": 20_000}
_REPLICA_STEP = 1000
_TASKS = 9_000
_COMMAND = "command:local:Command"
TASK_PORTS = f"{_TASKS + SERVICE_PORTS[0]}:{_TASKS + SERVICE_PORTS[-1]}"
# A container's name says what it is made of, secrets among it; so a guess must cost more than a plain hash does.
_SCRYPT: dict[str, Any] = {"n": 2**12, "r": 8, "p": 1, "dklen": 16}


def port(service_port: int, slot: str, replica: int = 1) -> int:
    """Where a replica listens on the loopback: 3008 is at 13008 when blue, at 23008 when green, its second at 14008."""
    return _BASE[slot] + service_port + _REPLICA_STEP * (replica - 1)


def task_port(service_port: int) -> int:
    """Where a task of a fleet listens, on each member that has one: 3008 is at 12008, beside both slots' ports."""
    return _TASKS + service_port


def other(slot: str) -> str:
    return SLOTS[1 - SLOTS.index(slot)]


def version(definition: Mapping[str, Any], secrets: Collection[str]) -> str:
    """A short name of exactly this definition; `secrets` are the values in it that nobody may guess from the name."""
    text = json.dumps([definition, sorted(secrets)], sort_keys=True).encode()
    slow = hashlib.scrypt(text, salt=b"mech", **_SCRYPT) if secrets else text
    return hashlib.sha256(slow).hexdigest()[:8]


@dataclass(frozen=True)
class Standing:
    """What the state has of one service: its versions with their slots, and the version that is known to serve."""

    versions: Mapping[str, str] = field(default_factory=dict)
    serving: str = ""

    def slot_for(self, version: str) -> str:
        """Its own where it stands already; else the one that does not serve."""
        if version in self.versions:
            return self.versions[version]
        if self.serving in self.versions:
            return other(self.versions[self.serving])
        free = [slot for slot in SLOTS if slot not in self.versions.values()]
        return free[0] if free else SLOTS[0]


def standing(state: State, service: str, watch: str) -> Standing:
    """Read it; `watch` is the name of the command that ends a service's rollout."""
    versions, serving = {}, ""
    for urn, found in state.items():
        outputs = found.get("outputs") or {}
        if found.get("type") == CONTAINER:
            labels = _labels(outputs.get("labels"))
            if labels.get(SERVICE) == service and labels.get(SLOT) in SLOTS:
                versions[str(labels.get(VERSION))] = str(labels[SLOT])
        elif found.get("type") == _COMMAND and urn.endswith(f"::{watch}"):
            serving = _order(outputs.get("stdin")).get("version", "")
    return Standing(versions, serving)


def _labels(value: Any) -> dict[str, Any]:
    entries = value if isinstance(value, Sequence) and not isinstance(value, str) else ()
    return {str(e.get("label")): e.get("value") for e in entries if isinstance(e, Mapping)}


def _order(text: Any) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (TypeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
