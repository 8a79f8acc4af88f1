"""What the host remembers of its backups: /var/lib/mech-backup/status.json, written whole or not at all.

    {"version": 1,
     "since":        Unix time of the first run here,
     "good":         {"snapshot", "manifest", "at", "bytes", "added", "seconds", "canary", "collections", "documents", "keys"},
     "restored":     {"snapshot", "before": the snapshot of what it overwrote, or "", "at"},
     "tried":        {"at", "what": "backup"|"proof"|"restore", "code": "" where it went well, "says"},
     "failure":      {"at", "what", "code", "says"}: the last one that was not followed by a good one of its kind,
     "proof":        {"snapshot", "manifest", "taken", "at", "seconds", "code": "" for proved, "says"},
     "proved":       the last of `proof` that was good,
     "read":         {"part", "of", "at"}: which part of the repository was read last}

Times are Unix time, sizes bytes; each key but the first two is there once it happened. No secret stands in it: `canary` is a
hash. The fact reader, `mech backup` and the alerts go by it.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from mech_infra.backup.settings import STATE
from mech_infra.backup.words import Failed, Json

FILE = "status.json"


def read(folder: Path = STATE) -> Json:
    """{"version": 1, "since": now} where there is none, or one that is broken."""
    try:
        found = json.loads((folder / FILE).read_text())
    except (OSError, ValueError):
        found = None
    return found if isinstance(found, dict) and found.get("version") == 1 else {"version": 1, "since": time.time()}


def write(status: Json, folder: Path = STATE) -> None:
    whole(folder / FILE, status)


def whole(path: Path, about: Json) -> None:
    """Write a file of root's alone, whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.new")
    with new.open("w") as file:
        new.chmod(0o600)
        file.write(json.dumps(about, indent=1, sort_keys=True) + "\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def succeeded(status: Json, what: str, now: float, **about: object) -> Json:
    """With a good backup, proof or restore noted."""
    found = {**status, "tried": {"at": now, "what": what, "code": "", "says": ""}}
    if what == "backup":
        found["good"] = {"at": now, **about}
    elif what == "restore":
        found["restored"] = {"at": now, **about}
    else:
        found["proof"] = found["proved"] = {"at": now, "code": "", "says": "", **about}
    if found.get("failure", {}).get("what") == what:
        del found["failure"]
    return found


def failed(status: Json, what: str, now: float, why: Failed, **about: object) -> Json:
    """With a failure noted; what was good before stays."""
    entry = {"at": now, "what": what, "code": why.code, "says": why.says}
    found = {**status, "tried": entry, "failure": entry}
    if what == "proof":
        found["proof"] = {"at": now, "code": why.code, "says": why.says, **about}
    return found
