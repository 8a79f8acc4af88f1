"""What came of each exercise, a line of JSON each, where this machine keeps such things."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mech_ops import kept


@dataclass(frozen=True)
class Drill:
    """`phases`: seconds by name, in their order. `loss_s`: age of the snapshot when it began; None where it got none."""

    when: str  # ISO 8601, UTC
    who: str
    stack: str
    name: str
    rto_minutes: int
    rpo_hours: int
    phases: dict[str, float] = field(default_factory=dict)
    snapshot: str = ""
    loss_s: float | None = None
    documents: int = 0
    keys: int = 0
    healthy: list[str] = field(default_factory=list)  # services
    healthy_s: float | None = None  # from nothing until all were; None where that was not reached
    failed: str = ""  # a sentence

    @property
    def in_time(self) -> bool:
        return self.healthy_s is not None and self.healthy_s <= self.rto_minutes * 60

    @property
    def fresh(self) -> bool:
        return self.loss_s is not None and self.loss_s <= self.rpo_hours * 3600


def path(stack: str) -> Path:
    return kept.place(f"drill-{stack}.jsonl")


def read(file: Path) -> list[Drill]:
    """The oldest first. Raises OpsError."""
    found = [one for line in kept.lines(file) if (one := _drill(line))]
    return sorted(found, key=lambda one: one.when)


def append(file: Path, drill: Drill) -> None:
    """Raises OpsError."""
    kept.append(file, dataclasses.asdict(drill))


def _drill(line: dict[str, Any]) -> Drill | None:
    try:
        found = Drill(**line)
        numbers = [*found.phases.values(), found.loss_s or 0, found.healthy_s or 0, found.rto_minutes, found.rpo_hours]
        plain = all(isinstance(text, str) for text in (found.when, found.who, found.name, found.failed, *found.healthy))
    except (TypeError, AttributeError):
        return None
    return found if plain and all(isinstance(number, int | float) for number in numbers) else None
