"""Where the engine keeps things; all of it can be made again."""

from __future__ import annotations

import os
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
VENV = REPO / ".venv"
VERSION = "3.259.0"  # of the Pulumi CLI; `pulumi` in pyproject.toml is the same


def cache() -> Path:
    """$MECH_CACHE, else $XDG_CACHE_HOME/mech-infra, else ~/.cache/mech-infra."""
    if os.environ.get("MECH_CACHE"):
        return Path(os.environ["MECH_CACHE"])
    base = os.environ.get("XDG_CACHE_HOME")
    return Path(base) / "mech-infra" if base else Path.home() / ".cache" / "mech-infra"


def binaries() -> Path:
    return cache() / "bin"


def pulumi_home() -> Path:
    return cache() / "pulumi-home"
