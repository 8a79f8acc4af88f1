"""Bundles as they are kept: one of a platform that is well, and of each other one what differs from it.

A patch is plain data: of an object the keys that changed ("-": those that are gone); of a list what is gone from it and what
is new, each with its place. Two patches can be laid over the same bundle: that is a pair of failures.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

from mech_ops.diagnosis.bundle import Bundle

BUNDLES = Path(__file__).with_name("bundles")
WELL = "well"
# What is another at each look, and says nothing; what says something only when it is another by far.
_NOISE = {
    "ms",
    "seconds",
    "load",
    "newest_worker_s",
    "config_s",
    "conntrack",
    "evicted_keys",
    "codes",
    "created",
    "started",
}
_ABOUT = {"available", "used_memory", "connected_clients", "used", "free", "inodes_used", "inodes_free"}
_FAR = 1.3


def diff(old: Any, new: Any, key: str = "") -> Any:
    """What makes `new` of `old`; None where nothing does."""
    if old == new or key in _NOISE or (key in _ABOUT and not _far(old, new)):
        return None
    if isinstance(old, dict) and isinstance(new, dict):
        found = {
            name: part if name in old else {"=": new[name]}
            for name in new
            if name not in old or (part := diff(old[name], new[name], name)) is not None
        }
        gone = sorted(old.keys() - new.keys())
        found |= {"-": gone} if gone else {}
        return found or None
    if isinstance(old, list) and isinstance(new, list):
        if key == "space" and len(old) == len(new):  # a filesystem each, always the same ones
            at = {
                str(n): part for n, pair in enumerate(zip(old, new, strict=True)) if (part := diff(*pair)) is not None
            }
            return {"at": at} if at else None
        left = Counter(map(_key, old))  # one that was there may be there twice now
        more = []
        for place, item in enumerate(new):
            left[_key(item)] -= 1
            if left[_key(item)] < 0:
                more.append([place, item])
        less = [item for item in old if item not in new]
        return {"less": less, "more": more} if less or more else None
    return {"=": new}


def _key(item: Any) -> str:
    return json.dumps(item, sort_keys=True)


def _far(old: Any, new: Any) -> bool:
    low, high = sorted((abs(float(old or 0)), abs(float(new or 0))))
    return high > 1000 and high > _FAR * low


def laid(old: Any, patch: Any) -> Any:
    """`old` with a patch over it. What is not there any more to be changed stays away."""
    if "=" in patch and len(patch) == 1:
        return patch["="]
    if isinstance(old, list) and patch.keys() == {"at"}:
        return [laid(item, patch["at"][str(n)]) if str(n) in patch["at"] else item for n, item in enumerate(old)]
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


def _names(bundle: Bundle) -> list[tuple[str, str]]:
    """What is made anew has another id: (id, name)."""
    about = (bundle.facts.get("host") or {}).get("docker") or {"containers": [], "networks": []}
    there = [(one["id"], f"{kind}-{one['name']}") for kind, some in about.items() if kind != "images" for one in some]
    return [(id_, name) for id_, name in (*there, *((v, k) for k, v in bundle.declared["ids"].items())) if id_]


def _plain(bundle: Bundle) -> dict[str, Any]:
    text = json.dumps(vars(bundle))
    # Docker's "Up 2 minutes (healthy)": only the word in brackets is read.
    text = re.sub(r"(?:\d+ (?:second|minute|hour)s?|About an? (?:minute|hour)|Less than a second)", "a while", text)
    for id_, name in _names(bundle):
        text = text.replace(id_, name).replace(id_[:12], name)
    found: dict[str, Any] = json.loads(text)
    if logs := (found["facts"].get("host") or {}).get("web_logs"):
        logs["errors"] = [line for line in logs["errors"] if "too large" in line]  # the others are of failures before
    for record in (found["facts"].get("zone") or {}).get("records") or []:
        for name in record.keys() - {"type", "name", "content", "proxied"}:
            del record[name]  # one that was made anew has others
    return found


def keep(bundle: Bundle, name: str) -> None:
    """Write a bundle as a patch of the one that is well (that one whole)."""
    BUNDLES.mkdir(exist_ok=True)
    plain = _plain(bundle)
    if name == WELL:
        plain["facts"]["host"]["machine"]["load"] = [0.1, 0.1, 0.1]  # the recording's own
    else:
        plain = diff(json.loads((BUNDLES / f"{WELL}.json").read_text()), plain) or {}
    how: dict[str, Any] = {"indent": 1} if name == WELL else {"separators": (",", ":")}
    (BUNDLES / f"{name}.json").write_text(json.dumps(plain, sort_keys=True, **how) + "\n")


def names() -> list[str]:
    return sorted(path.stem for path in BUNDLES.glob("*.json") if path.stem != WELL)


def read(*over: str) -> Bundle:
    """The bundle that is well, with these patches over it."""
    found = json.loads((BUNDLES / f"{WELL}.json").read_text())
    for name in over:
        found = laid(found, json.loads((BUNDLES / f"{name}.json").read_text()))
    return Bundle(**found)


# Lists that two patches may both change, since each says what it takes and what it brings; and what is different each time.
_LAID = {("drift",), ("facts", "host", "docker"), ("facts", "host", "chains"), ("facts", "host", "filters"), ("facts", "host", "mounts"),
         ("facts", "host", "web_logs")}  # fmt: skip
_TIMES = {"said", "now", "uptime_s", "device"}


def touched(name: str) -> set[tuple[str, ...]]:
    """The facts that a patch puts something else in place of: two that have none in common can be laid over each other."""
    found = _leaves(json.loads((BUNDLES / f"{name}.json").read_text()), ())
    return {
        way
        for way in found
        if way[0] in ("facts", "silent") and way[-1] not in _TIMES and not _LAID & {way[:1], way[:3]}
    }


def _leaves(patch: Any, way: tuple[str, ...]) -> set[tuple[str, ...]]:
    if not isinstance(patch, dict) or "=" in patch or patch.keys() <= {"less", "more"}:
        return {way}
    return {
        leaf for key, part in patch.items() for leaf in ({(*way, key)} if key == "-" else _leaves(part, (*way, key)))
    }
