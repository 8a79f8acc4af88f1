"""The program's version: pyproject.toml says it, and nothing else does."""

from __future__ import annotations

import tomllib
from pathlib import Path

_PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
# The stack's output that says which version of the program brought it up last.
OUTPUT = "version"


def version() -> str:
    """Such as 1.0.0. Read from the file: the virtual environment's own note of it is as old as the last `make setup`."""
    said: str = tomllib.loads(_PROJECT.read_text())["project"]["version"]
    return said
