"""The healer's log on the host: who did what, when, why, and how it went; a JSON object a line, and the only memory it has.

Goes to the host: standard library only.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from mech_infra.heal.words import Json

LOG = Path("/var/log/mech/heal.jsonl")
MAX_BYTES = 1_000_000  # then it becomes heal.jsonl.1, in place of the one before
_FIELDS: dict[str, type | tuple[type, ...]] = {"at": (int, float), "run": str, "what": str, "did": str, "outcome": str}


def read() -> list[Json]:
    """Its records, the oldest first; `at` is Unix time. A line that was cut is skipped. Raises OSError for no permission."""
    found = []
    for path in (_former(), LOG):
        try:
            lines = path.read_text(errors="replace").splitlines()
        except FileNotFoundError:
            continue
        for line in lines:
            try:
                record = json.loads(line)
            except ValueError:
                continue
            if is_record(record):
                found.append(record)
    return found


def _former() -> Path:
    return LOG.with_name(f"{LOG.name}.1")


def is_record(record: object) -> bool:
    """Whether a line of the log says what everybody goes by."""
    return isinstance(record, dict) and all(isinstance(record.get(key), kind) for key, kind in _FIELDS.items())


def note(record: Json) -> Json:
    """Write it, with the time, so that it outlasts a crash; what was written. Raises OSError: then nothing may be done."""
    LOG.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    if LOG.exists() and LOG.stat().st_size > MAX_BYTES:
        LOG.replace(_former())
    whole = {"at": round(time.time(), 3), **record}
    file = os.open(LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o640)
    try:
        line = (json.dumps(whole) + "\n").encode()
        if os.write(file, line) != len(line):
            raise OSError("the disk is full")
        os.fsync(file)
    finally:
        os.close(file)
    return whole
