"""What came of each run, a line of JSON each: numbers, states and answers, none of the host's words."""

from __future__ import annotations

import dataclasses
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from mech_ops import kept
from mech_ops.errors import OpsError


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
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise OpsError(f"the history {file} cannot be read: {error.strerror}") from None
    found = [run for line in lines if (run := _run(line))]
    return sorted(found, key=lambda run: run.when)


def append(file: Path, run: Run) -> None:
    """Only its owner may read it. Raises OpsError where it cannot be written."""
    line = json.dumps(dataclasses.asdict(run), sort_keys=True) + "\n"
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600), "r+b") as to:
            os.fchmod(to.fileno(), 0o600)
            size = to.seek(0, os.SEEK_END)
            # A line that was cut short must not take this one with it.
            torn = size and os.pread(to.fileno(), 1, size - 1) != b"\n"
            to.write((b"\n" if torn else b"") + line.encode())
    except OSError as error:
        raise OpsError(f"this run cannot be noted in {file}: {error.strerror}") from None


def _run(line: str) -> Run | None:
    try:
        run = Run(**json.loads(line))
        pairs = {key: [float(used), float(limit)] for key, (used, limit) in run.numbers.items()}
        words = {**run.states, **run.answers}
    except (ValueError, TypeError, AttributeError):
        return None
    plain = all(isinstance(text, str) for text in (run.when, run.which, run.who, *words.values()))
    return dataclasses.replace(run, numbers=pairs) if plain else None
