"""Cuts the engine's event stream to what `mech drift` reads: python -m tests.unit.mech_ops.record < EVENTS > recorded/NAME.jsonl

EVENTS is the standard output of PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true pulumi preview --json.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from mech_ops.drift.events import Json, paths
from mech_ops.drift.report import SENSORS
from mech_ops.drift.values import root

# Of a sensor; the rest of its properties only it reads itself.
_READ = ("title", "state", "drift", "told", "silent")
# By which a resource is named, or known to be halted.
_NAMES = ("name", "label", "settingId", "port", "description", "subnet", "powerStatus")


def cut(events: list[Json]) -> list[Json]:
    """Steps that change something, or found something else; sensors that found something; what is said to people."""
    steps = [about for event in events if (about := _about(event))]
    planned = {about["urn"] for about in steps if about["op"] not in ("refresh", "same")}
    roots: dict[str, set[str]] = {}
    for about in steps:
        roots.setdefault(about["urn"], set()).update(root(path) for path in paths(about))
    kept = []
    for event in events:
        about, said = _about(event), event.get("diagnosticEvent")
        if said and said.get("severity") in ("warning", "error"):
            kept.append({"diagnosticEvent": said})
        elif about and about["op"] != "same" and ("resOutputsEvent" in event or about["op"] != "refresh"):
            found = paths(about) or not about.get("new") or about["urn"] in planned or _told(about)
            if found or about["type"].endswith(("reservedIp:ReservedIp", "instance:Instance")):
                kind = next(key for key in ("resourcePreEvent", "resOutputsEvent") if key in event)
                kept.append({kind: {"metadata": _step(about, roots[about["urn"]])}})
    return kept


def _about(event: Json) -> Json | None:
    about: Json | None = (event.get("resourcePreEvent") or event.get("resOutputsEvent") or {}).get("metadata")
    return about


def _told(about: Json) -> bool:
    outputs = (about.get("new") or {}).get("outputs") or {}
    return about["type"] in SENSORS and any(outputs.get(key) for key in ("drift", "told", "silent"))


def _step(about: Json, roots: set[str]) -> Json:
    keys = {*_READ, "generation"} if about["type"] in SENSORS else {*_NAMES, *roots}

    def state(found: Json | None) -> Json | None:
        if found is None:
            return None
        sides = {side: found.get(side) or {} for side in ("inputs", "outputs")}
        return {
            "parent": found.get("parent"), "id": found.get("id"),
            **{side: {key: _short(value) for key, value in values.items() if key in keys} for side, values in sides.items()},
        }  # fmt: skip

    known = {key: about.get(key) for key in ("op", "urn", "type", "diffs", "detailedDiff")}
    return {**known, "old": state(about.get("old")), "new": state(about.get("new"))}


def _short(value: Any) -> Any:
    """Programs for the host and files, which nobody compares here."""
    return f"{value[:40]}…" if isinstance(value, str) and len(value) > 400 else value


if __name__ == "__main__":
    events = [json.loads(line) for line in sys.stdin if line.startswith("{")]
    for event in cut(events):
        print(json.dumps(event, ensure_ascii=False))
