"""Bundles as they are kept: one of a platform that is well, and of each other one what differs from it.

A patch is plain data: of an object the keys that changed ("-": those that are gone); of a list what is gone from it and what
is new, each with its place. Two patches can be laid over the same bundle: that is a pair of failures.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mech_ops.diagnosis.bundle import Bundle

BUNDLES = Path(__file__).with_name("bundles")
WELL = "well"
# What is another at each look, and says nothing.
_NOISE = {"ms", "seconds", "load", "available", "used_memory", "connected_clients", "newest_worker_s", "config_s", "device", "used",
          "inodes_used", "inodes_free", "free", "conntrack", "evicted_keys"}  # fmt: skip


def diff(old: Any, new: Any) -> Any:
    """What makes `new` of `old`; None where nothing does."""
    if isinstance(old, dict) and isinstance(new, dict):
        found = {
            key: part if key in old else {"=": new[key]}
            for key in new
            if key not in old or (part := diff(old[key], new[key])) is not None
        }
        gone = sorted(old.keys() - new.keys())
        found |= {"-": gone} if gone else {}
        return found or None
    if old == new:
        return None
    if isinstance(old, list) and isinstance(new, list):
        less = [item for item in old if item not in new]
        more = [[place, item] for place, item in enumerate(new) if item not in old]
        return {"less": less, "more": more} if less or more else None
    return {"=": new}


def laid(old: Any, patch: Any) -> Any:
    """`old` with a patch over it. What is not there any more to be changed stays away."""
    if "=" in patch and len(patch) == 1:
        return patch["="]
    if isinstance(old, list) and patch.keys() <= {"less", "more"}:
        made = [item for item in old if item not in patch["less"]]
        for place, item in patch["more"]:
            made.insert(place, item)
        return made
    if not isinstance(old, dict):
        return old
    kept = {key: value for key, value in old.items() if key not in patch.get("-", [])}
    for key, part in patch.items():
        if key != "-":
            kept[key] = laid(kept[key], part) if key in kept else part.get("=") if "=" in part else None
    return {key: value for key, value in kept.items() if not (value is None and key in patch and key not in old)}


def quiet(value: Any) -> Any:
    """Without what is noise, and with times in whole minutes."""
    if isinstance(value, dict):
        return {
            key: 0 if key in _NOISE and isinstance(part, int | float) else quiet(part) for key, part in value.items()
        }
    return [quiet(part) for part in value] if isinstance(value, list) else value


def _plain(bundle: Bundle) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(vars(bundle)))
    return found


def keep(bundle: Bundle, name: str) -> None:
    """Write a bundle as a patch of the one that is well (that one whole)."""
    BUNDLES.mkdir(exist_ok=True)
    plain = _plain(bundle)
    if name != WELL:
        well = json.loads((BUNDLES / f"{WELL}.json").read_text())
        noisy = plain
        plain = diff(quiet(well), quiet(noisy)) or {}
        for key in ("taken",):
            plain[key] = {"=": noisy[key]}
    (BUNDLES / f"{name}.json").write_text(json.dumps(plain, indent=1, sort_keys=True) + "\n")


def names() -> list[str]:
    return sorted(path.stem for path in BUNDLES.glob("*.json") if path.stem != WELL)


def read(*over: str) -> Bundle:
    """The bundle that is well, with these patches over it."""
    found = json.loads((BUNDLES / f"{WELL}.json").read_text())
    for name in over:
        found = laid(found, json.loads((BUNDLES / f"{name}.json").read_text()))
    return Bundle(**found)
