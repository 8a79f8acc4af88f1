"""What came of each run, a line of JSON each: numbers, states and answers, none of the host's words."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mech_ops import kept


@dataclass(frozen=True)
class Run:
    """`numbers` are [used, limit] by measure; `states` and `answers` (yes or no) by item."""

    when: str  # ISO 8601, UTC
    which: str  # of the lists
    who: str
    exit_code: int
    states: dict[str, str] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, list[float]] = field(default_factory=dict)


def path(stack: str) -> Path:
    """checklist-STACK.jsonl, where this machine keeps such things."""
    return kept.place(f"checklist-{stack}.jsonl")


def read(file: Path) -> list[Run]:
    """The runs, the oldest first; a line that was cut short, or is another program's, is left out. Raises OpsError."""
    found = [run for line in kept.lines(file) if (run := _run(line))]
    return sorted(found, key=lambda run: run.when)


def append(file: Path, run: Run) -> None:
    """Only its owner may read it. Raises OpsError where it cannot be written."""
    kept.append(file, dataclasses.asdict(run))


def _run(line: dict[str, Any]) -> Run | None:
    try:
        run = Run(**line)
        pairs = {key: [float(used), float(limit)] for key, (used, limit) in run.numbers.items()}
        words = {**run.states, **run.answers}
    except (ValueError, TypeError, AttributeError):
        return None
    plain = all(isinstance(text, str) for text in (run.when, run.which, run.who, *words.values()))
    return dataclasses.replace(run, numbers=pairs) if plain else None
