"""The files that a killed engine leaves in a file backend: its lock, and notes that were half-written."""

from __future__ import annotations

import json
import os
from pathlib import Path


def folder(backend: str | None) -> Path | None:
    """Where a file backend (file://PATH) keeps its files; None for other backends."""
    if not backend or not backend.startswith("file://"):
        return None
    return Path(backend.removeprefix("file://").partition("?")[0]).expanduser() / ".pulumi"


def locks(backend: str | None) -> list[Path]:
    """Lock files of a file backend; other backends keep theirs elsewhere."""
    place = folder(backend)
    return sorted((place / "locks").rglob("*.json")) if place else []


def broken_notes(backend: str | None) -> list[Path]:
    """Attribute files that a killed engine left half-written: with one of them, its state cannot be read any more.

    The state itself is replaced whole; the note beside it (a checksum, made anew each time) is not
    (gocloud.dev fileblob: setAttrs before the rename).
    """

    def whole(note: Path) -> bool:
        try:
            json.loads(note.read_text())
        except (OSError, ValueError):
            return False
        return True

    place = folder(backend)
    return [note for note in sorted(place.rglob("*.attrs")) if not whole(note)] if place else []


def stale(lock: Path) -> bool:
    """Whether the process that took the lock is gone from this machine."""
    try:
        note = json.loads(lock.read_text())
    except (OSError, ValueError):
        return True
    if note.get("hostname") not in ("", None, os.uname().nodename):
        return False
    try:
        name = Path(f"/proc/{int(note['pid'])}/comm").read_text().strip()
    except (OSError, KeyError, ValueError):
        return True
    return "pulumi" not in name
