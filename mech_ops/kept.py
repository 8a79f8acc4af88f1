"""Where this machine keeps what `mech` must know at its next run."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mech_ops.errors import OpsError


def place(name: str) -> Path:
    """A file in $XDG_STATE_HOME/mech, which ~/.local/state stands for where that is not set."""
    base = os.environ.get("XDG_STATE_HOME", "")
    # The XDG specification: a path that is not absolute is to be ignored.
    state = Path(base) if base.startswith("/") else Path.home() / ".local/state"
    return state / "mech" / re.sub(r"[^A-Za-z0-9_.-]", "_", name)


def lines(file: Path) -> list[dict[str, Any]]:
    """The objects of a history, a line of JSON each; a line that was cut short is left out. Raises OpsError."""
    try:
        texts = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise OpsError(f"the history {file} cannot be read: {error.strerror}") from None
    found = []
    for text in texts:
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict):
            found.append(line)
    return found


def append(file: Path, record: Mapping[str, Any]) -> None:
    """One line more; only its owner may read it. Raises OpsError where it cannot be written."""
    line = json.dumps(record, sort_keys=True) + "\n"
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600), "r+b") as to:
            os.fchmod(to.fileno(), 0o600)
            size = to.seek(0, os.SEEK_END)
            # A line that was cut short must not take this one with it.
            torn = size and os.pread(to.fileno(), 1, size - 1) != b"\n"
            to.write((b"\n" if torn else b"") + line.encode())
    except OSError as error:
        raise OpsError(f"this run cannot be noted in {file}: {error.strerror}") from None
