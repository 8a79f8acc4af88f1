"""known.yaml: differences that stand, each with its reason. One that no longer occurs is stale, and fails the ring."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from tests.parity.comparing import Difference
from tests.parity.recordings import Call

FILE = Path(__file__).parent / "known.yaml"
_KEYS = {"plugin", "type", "calls", "path", "reason"}


@dataclass(frozen=True)
class Entry:
    """`type`, `path`: regular expressions that must match as a whole; `calls`: method names."""

    plugin: str
    type: str
    calls: tuple[str, ...]
    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.plugin} {self.type} {'/'.join(self.calls)} {self.path}: {self.reason}"


@cache
def _read(path: Path) -> tuple[Entry, ...]:
    found = []
    for item in yaml.safe_load(path.read_text()) or []:
        if set(item) != _KEYS or not str(item["reason"]).strip():
            raise ValueError(f"{path.name}: an entry needs {', '.join(sorted(_KEYS))}: {item}")
        found.append(Entry(item["plugin"], item["type"], tuple(item["calls"]), item["path"], item["reason"].strip()))
    return tuple(found)


def entries(path: Path = FILE) -> list[Entry]:
    """Raises ValueError that shows the entry at fault."""
    return list(_read(path))


def find(listed: list[Entry], call: Call, difference: Difference) -> Entry | None:
    for entry in listed:
        if (
            entry.plugin == call.plugin
            and call.method in entry.calls
            and re.fullmatch(entry.type, call.token)
            and re.fullmatch(entry.path, difference.path)
        ):
            return entry
    return None
