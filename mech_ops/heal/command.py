"""One run of the healer from here: one SSH trip, which ends by itself when the host goes silent."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pydantic

from mech_infra.config.heal import HealConfig
from mech_infra.heal import orders, program
from mech_infra.heal.onhost import MARK
from mech_ops import host_shell, stack_config
from mech_ops.diagnosis import mutes
from mech_ops.errors import FAILED, FOUND, OpsError
from mech_ops.everyday import platform
from mech_ops.everyday.platform import Json, Platform
from mech_ops.versions import definition

# It says every three seconds that it is alive.
_QUIET_S = 12
_END = "MECH-HEAL-END"


@dataclass
class Healed:
    """`steps` are what was done, or would be; `left` what is wrong and is left alone, and why."""

    exit_code: int = FAILED
    steps: list[Json] = field(default_factory=list)
    left: list[Json] = field(default_factory=list)
    by_the_swarm: bool = False  # in a fleet the services' tasks are not ours to restart


def heal(stack: str | None, dry_run: bool, say: Callable[[str, Json], None]) -> Healed:
    """Each thing done or left is said as it comes, by its kind: step, left. Raises OpsError, also where it broke off."""
    if not dry_run:
        stack_config.nobody_at_work(stack)
    there = platform.read(stack)
    found, wrong, done = Healed(), "", False

    def hear(line: str) -> None:
        nonlocal wrong, done
        if not line.startswith(MARK):
            wrong = there.hidden(line) or wrong
            return
        record = json.loads(line.removeprefix(MARK))
        kind = record.pop("kind")
        if kind in ("step", "left"):
            record = {key: there.hidden(value) if isinstance(value, str) else value for key, value in record.items()}
            (found.steps if kind == "step" else found.left).append(record)
            say(kind, record)
        elif kind == "error":
            wrong = record["says"]
        elif kind == "end":
            found.exit_code, done = record["code"], True

    text = command(there, settings(stack), dry_run, f"{mutes.me()} by mech heal")
    code = host_shell.lines(there.state, there.address, text, hear, _QUIET_S)
    if not done:
        raise OpsError(
            f"host {there.address} did not heal: {wrong or f'its program ended with {code}'}. Next: mech diagnose"
        )
    found.by_the_swarm = there.is_fleet
    for record in left_to_the_swarm(there) if there.is_fleet else ():
        found.left.append(record)
        found.exit_code = found.exit_code or FOUND
        say("left", record)
    return found


def left_to_the_swarm(there: Platform) -> list[Json]:
    """What of a fleet is ill and not ours to restart: the swarm starts tasks again by itself, elsewhere if need be."""
    about = there.facts({}).get("swarm") or {}
    if not about.get("manager"):
        return [_left("the swarm", f"host {there.address} does not manage it", "mech diagnose")]
    ours = {host.name for host in there.hosts}
    left = [
        _left(
            node["name"],
            f"it does not answer the swarm ({node['state']}), which starts its tasks elsewhere",
            "mech recover",
        )
        for node in about["nodes"]
        if node["name"] in ours and not any(n["name"] == node["name"] and n["state"] == "ready" for n in about["nodes"])
    ]
    for service in about["services"]:
        if service["name"] in there.declared["tasks"] and service["running"] < service["wanted"]:
            why = f": {there.hidden(service['error'])}" if service["error"] else ""
            says = f"{service['running']} of {service['wanted']} tasks run, and the swarm starts the rest itself{why}"
            left.append(_left(service["name"], says, "mech ps"))
    return left


def _left(what: str, why: str, then: str) -> Json:
    return {"what": what, "code": "swarm", "why": why, "then": then}


def command(there: Platform, limits: HealConfig, dry_run: bool, who: str) -> str:
    """What runs on the host."""
    declared = there.declared
    order = orders.order(
        {name: about["service"] for name, about in declared["containers"].items()},
        {name: urlsplit(about["url"]).hostname or name for name, about in declared["services"].items()},
        declared["settings"].get("ssl") in ("full", "strict"),
        limits,
    )
    words = ["python3", "-", "--wire", "--who", who, *(["--dry-run"] if dry_run else [])]
    return "\n".join([f"{shlex.join(words)} <<'{_END}'", program.text(order) + _END, ""])


def settings(stack: str | None) -> HealConfig:
    """mech:heal of the stack's config. Raises OpsError."""
    try:
        return HealConfig.model_validate(definition.section(stack_config.current(stack), "heal"))
    except (definition.Unreadable, pydantic.ValidationError):
        raise OpsError("mech:heal of the stack's config is wrong; mech policy check says how") from None
