"""The recorded calls: what the engine asked the official plugins for this program, and what they answered."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "recordings"
PLUGINS = ("docker", "command", "vultr")
Json = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One call. `request` and `response` are in protobuf's JSON form; `error` is the plugin's, "" when it answered."""

    step: str  # the file's name without its endings: "05-preview-drift"
    number: int  # the line in that file, from 1
    plugin: str
    method: str  # "Diff"
    request: Json
    response: Json
    error: str

    @property
    def token(self) -> str:
        """The resource's type or the function's name; "" for calls about the provider itself."""
        if self.method in ("CheckConfig", "DiffConfig", "Configure"):
            return ""
        return str(self.request.get("tok") or token_of(self.request["urn"]))

    @property
    def resource(self) -> str:
        return str(self.request.get("urn", "")).rsplit("::", 1)[-1]

    @property
    def preview(self) -> bool:
        return bool(self.request.get("preview"))

    def __str__(self) -> str:
        what = self.resource or self.token
        return f"{self.step}:{self.number} {self.plugin} {self.method}{' (preview)' * self.preview} {what}"


def token_of(urn: str) -> str:
    """`urn:pulumi:stack::project::parent$token::name` -> token."""
    return urn.split("::")[2].rsplit("$", 1)[-1]


@cache
def calls(folder: Path = FOLDER) -> tuple[Call, ...]:
    """Every recorded call, in the order in which the engine made them. Raises ValueError where there is none."""
    found: list[Call] = []
    for path in sorted(folder.glob("*.jsonl.gz")):
        step = path.name.removesuffix(".jsonl.gz")
        with gzip.open(path, "rt") as lines:
            for number, line in enumerate(lines, 1):
                entry = json.loads(line)
                error = "\n".join(entry.get("errors") or [])
                found.append(
                    Call(step, number, entry["plugin"], entry["call"], entry["request"], entry["response"] or {}, error)
                )
    if not found:
        raise ValueError(f"no recordings in {folder}")
    return tuple(found)
