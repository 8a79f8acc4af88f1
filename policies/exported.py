"""What a stack has, out of its exported state (`pulumi stack export`)."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from typing import Any

from policies.mocked import ConfigProblem
from policies.model import UNKNOWN, Resource
from policies.reading.secrets import MARK, SECRET_MARK, marked

_WAIT_S = 30


class Unreadable(Exception):
    """The stack's state cannot be read here; the text says why."""


def running(stack: str) -> Mapping[str, Any]:
    """URN to {type, outputs} of what the stack has, as the engine's readStackResourceOutputs tells it to a program.

    Raises Unreadable where there is no engine, no backend, or no such stack.
    """
    try:
        done = subprocess.run(
            ["pulumi", "stack", "export", "--stack", stack, "--non-interactive"],
            capture_output=True, text=True, timeout=_WAIT_S, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
    except FileNotFoundError:
        raise Unreadable("pulumi is not on the PATH") from None
    except subprocess.TimeoutExpired:
        raise Unreadable(f"the backend did not answer in {_WAIT_S} s") from None
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["no output"]
        raise Unreadable(said[-1].removeprefix("error: "))
    resources = json.loads(done.stdout).get("deployment", {}).get("resources") or []
    return {r["urn"]: {"type": r["type"], "outputs": _known(r.get("outputs") or {})} for r in resources}


def _known(value: Any) -> Any:
    """Without what is secret: what is kept is told apart by plain values."""
    if isinstance(value, dict):
        return {key: _known(item) for key, item in value.items() if not _secret(item)}
    return [_known(item) for item in value if not _secret(item)] if isinstance(value, list) else value


def _secret(value: Any) -> bool:
    return isinstance(value, dict) and MARK in value


def from_state(text: str) -> list[Resource]:
    """Resources of an exported state (`pulumi stack export`). Raises ConfigProblem."""
    try:
        found = json.loads(text)["deployment"]["resources"]
        return [
            Resource(r["type"], r["urn"].rpartition("::")[2], _state({**r.get("inputs", {}), **r.get("outputs", {})}), r["urn"],
                     tuple(r.get("ignoreChanges") or ()), _declared(r.get("sourcePosition")),
                     frozenset(marked(r.get("inputs") or r.get("outputs") or {})))
            for r in found if r.get("custom") or r["type"] == "pulumi:pulumi:Stack"
        ]  # fmt: skip
    except (ValueError, KeyError, TypeError):
        raise ConfigProblem(
            "this is not an exported state: make one with `pulumi stack export --file state.json`"
        ) from None


def _declared(position: Any) -> tuple[str, int] | None:
    """Where the program declared it: `project:///mech_infra/components/host.py#12`, as the engine keeps it."""
    found = re.fullmatch(r"project:///([^#]+)#(\d+)(?:,\d+)?", position) if isinstance(position, str) else None
    return (found[1], int(found[2])) if found else None


def _state(value: Any) -> Any:
    if isinstance(value, dict):
        if value.get(MARK) == SECRET_MARK:
            return json.loads(value["plaintext"]) if "plaintext" in value else UNKNOWN
        return {key: _state(item) for key, item in value.items()}
    return [_state(item) for item in value] if isinstance(value, list) else value
