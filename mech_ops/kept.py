"""Where this machine keeps what `mech` must know at its next run."""

from __future__ import annotations

import os
import re
from pathlib import Path


def place(name: str) -> Path:
    """A file in $XDG_STATE_HOME/mech, which ~/.local/state stands for where that is not set."""
    base = os.environ.get("XDG_STATE_HOME", "")
    # The XDG specification: a path that is not absolute is to be ignored.
    state = Path(base) if base.startswith("/") else Path.home() / ".local/state"
    return state / "mech" / re.sub(r"[^A-Za-z0-9_.-]", "_", name)
