"""What one preview said, out of the engine's event stream (`pulumi preview --json`, one JSON object a line)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from mech_ops import pulumi

Json = dict[str, Any]

# What the engine does to a resource in the plan, in one word; replacing one takes it several steps.
_OPS = {
    "create": "create", "update": "update", "delete": "delete", "replace": "replace", "create-replacement": "replace",
    "delete-replaced": "replace", "import": "import", "import-replacement": "replace",
}  # fmt: skip


@dataclass(frozen=True)
class Step:
    """One resource: as the state has it (`old`), as it is or shall be (`new`, None: gone), and the paths that differ."""

    urn: str
    type: str
    op: str
    old: Json | None
    new: Json | None
    paths: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.urn.rpartition("::")[2]

    @property
    def parent(self) -> str:
        about = self.new or self.old or {}
        return str(about.get("parent", ""))


_COUNTED = re.compile(r"\d+ errors? occurred:(?=\n\t\* )")


@dataclass
class Preview:
    """`refreshed`: what each resource of the state was found to be. `plan`: what `up` would do, without "same".

    `renamed`: the id that a plugin foretells for what is replaced → the id that it has now.
    """

    refreshed: dict[str, Step] = field(default_factory=dict)
    plan: dict[str, Step] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    errors: list[tuple[str, str]] = field(default_factory=list)  # (urn or "", message)


def read(lines: Iterable[str]) -> Preview:
    """Lines that are no events are left out."""
    found = Preview()
    for line in lines:
        if (event := pulumi.event(line)) is not None:
            _take(event, found)
    return found


def _take(event: Json, found: Preview) -> None:
    if said := event.get("diagnosticEvent"):
        if said.get("severity") == "error":
            found.errors.append((str(said.get("urn", "")), bare(str(said.get("message", "")).strip())))
    elif after := event.get("resOutputsEvent"):
        about = after["metadata"]
        if about["op"] == "refresh":  # only now is it known what was found
            found.refreshed[about["urn"]] = _step(about, "refresh")
        elif _OPS.get(about["op"]) == "replace" and (foretold := (about.get("new") or {}).get("id")):
            found.renamed[foretold] = (about.get("old") or {}).get("id", "")
    elif before := event.get("resourcePreEvent"):
        planned = step(before["metadata"])
        # A step of a replacement without a new state says less than the one that has it.
        if planned and (planned.urn not in found.plan or planned.new):
            found.plan[planned.urn] = planned


def step(about: Json) -> Step | None:
    """What a step's metadata say; None for one that changes nothing."""
    op = _OPS.get(about["op"])
    return _step(about, op) if op else None


def bare(text: str) -> str:
    """An error without the list that bridged plugins make of it ("1 error occurred:", a star before each)."""
    counted = _COUNTED.match(text)
    return "; ".join(item.strip() for item in text[counted.end() :].split("\n\t* ")[1:]) if counted else text


def _step(about: Json, op: str) -> Step:
    return Step(about["urn"], about["type"], op, about.get("old"), about.get("new"), paths(about))


def paths(about: Json) -> tuple[str, ...]:
    """Those that a step's metadata say differ."""
    return tuple(about.get("detailedDiff") or about.get("diffs") or ())
