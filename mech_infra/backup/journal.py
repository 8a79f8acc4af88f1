"""What a restore has stopped and begun to overwrite, on the disk: whoever comes next puts right what a killed one left.

{"at": Unix time, "snapshot", "before": id of the snapshot of what is overwritten, or "", "containers": groups in the order in
 which they start, "touched" and "done": of mongodb, redis and files what it began to overwrite, and what it did whole}
"""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from mech_infra.backup import putting, services, status
from mech_infra.backup.settings import STATE
from mech_infra.backup.words import Failed, Json

FILE = STATE / "restoring.json"
FOLDER = STATE / "restore"  # of what was fetched


def write(about: Json, path: Path = FILE) -> None:
    status.whole(path, about)


def over(path: Path = FILE) -> None:
    path.unlink(missing_ok=True)


def mend(tell: Callable[[str], None], path: Path = FILE) -> Json | None:
    """After a restore that was killed: what it stopped runs again, and what it left on the disk goes. None where there was none."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    try:
        about: Json = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    tell("a restore was cut off: what it stopped is started again")
    if "redis" in about["touched"]:
        with contextlib.suppress(Failed):
            putting.redis_again()
    there = [[name for name in names if services.state(name) != "missing"] for names in about["containers"]]
    try:
        services.start([names for names in there if names])
        started = True
    except Failed:
        started = False  # whoever comes next tries again
    if about["touched"]:
        status.write(
            status.failed(status.read(), "restore", time.time(), Failed("RESTORE_CUT", says(about, "was cut off")))
        )
    if started:
        over(path)
    return about


def says(about: Json, how: str) -> str:
    """What state the data are in, and both ways on."""
    id_, touched = about["snapshot"][:8], about["touched"]
    holds = []
    if "mongodb" in touched:
        whole = "mongodb" in about["done"]
        holds.append(
            f"MongoDB has {'all' if whole else 'some'} of the collections of that snapshot"
            + ("" if whole else ", the others as before")
        )
    if "redis" in touched:
        holds.append("Redis has the snapshot's keys" if "redis" in about["done"] else "Redis is as before")
    if "files" in touched:
        holds.append("the files are the snapshot's" if "files" in about["done"] else "some files are the snapshot's")
    state = "; ".join(holds) or "the data are as they were before"
    again = f"again: mech restore --into live --at {id_}"
    back = (
        f"; back to what was there: mech restore --into live --at {about['before'][:8]}"
        if about["before"] and holds
        else ""
    )
    return f"the restore of snapshot {id_} {how}: {state}; the services were started again; {again}{back}"
