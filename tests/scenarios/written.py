"""A page of docs/ that is made: written, or compared with what it would be."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path


def write(page: Path, wanted: str, command: str, arguments: Sequence[str]) -> int:
    """With --check among the arguments say whether it is as it would be written: exit code 1 if not."""
    if "--check" not in arguments:
        page.write_text(wanted)
    elif not page.exists() or page.read_text() != wanted:
        print(f"docs/{page.name} is not what it is made of; run: {command}", file=sys.stderr)
        return 1
    return 0
