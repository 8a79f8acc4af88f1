"""Facts as a host said them (recorded/host.json: the sandbox's, everything as declared), and what is made of them."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mech_infra.facts import look, model
from mech_infra.facts.host.program import READERS

_RECORDED = json.loads((Path(__file__).parent / "recorded" / "host.json").read_text())
assert look  # every kind is known
MANAGED = {"mech.managed": "pulumi"}


class Noting(Mapping[str, Any]):
    """Facts that note which of them were asked for."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self.facts, self.asked = facts, set[str]()

    def __getitem__(self, name: str) -> Any:
        self.asked.add(name)
        return self.facts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.facts)

    def __len__(self) -> int:
        return len(self.facts)


def recorded(*path: Any, **facts: Any) -> dict[str, Any]:
    """The host's facts, some of them others; of `path` the last is the value that stands at the rest."""
    found = copy.deepcopy(_RECORDED) | facts
    if path:
        *to, last, value = path
        at: Any = found
        for step in to:
            at = at[step]
        at[last] = value
    return found


def word(check: model.Check, facts: Mapping[str, Any]) -> str:
    """As a sensor judges it: by way of the stack's state, where everything is plain data."""
    wire = json.loads(json.dumps(check.wire))
    noting = Noting(facts)
    seen = model.observe({check.label: wire}, noting)[check.label]
    assert noting.asked <= set(READERS), f"no reader finds {noting.asked - set(READERS)}"
    return seen


def told(watch: model.Watch, facts: Mapping[str, Any], **access: Any) -> list[str]:
    return model.findings([json.loads(json.dumps(watch.wire))], facts, access)


def container(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "id": "1", "state": "running", "status": "Up 1 minute (healthy)", "image": "x", "labels": MANAGED,
            "networks": ["mech-network"], "aliases": [name], "ports": [], **more}  # fmt: skip
