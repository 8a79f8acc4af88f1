"""Exceptions from the rules: which finding is accepted, where, why, by whom, and until when.

`policies/exceptions.yaml`, a list:

    - rule: services-latest-image
      resource: images-llm*        # the resource's name; * and ? stand for others
      stack: prod                  # left out: every stack
      because: the vendor publishes no versions; asked for in mech/llm#12
      by: dana@mech.is
      until: 2027-03-31            # the last day on which it holds

One that has ended, or that accepts nothing any more, is refused itself, so the list stays as long as what it is about.
"""

from __future__ import annotations

import datetime
import fnmatch
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from policies.model import Finding, Rule

if TYPE_CHECKING:
    from policies.accepted import Accepted

FILE = Path(__file__).with_name("exceptions.yaml")


ENDED = Rule(
    "policy-exception-ended",
    "policy",
    title="An exception holds until its day",
    symptom="a finding that somebody once accepted, and nobody looks at any more",
    fix="put right what it accepts and delete the entry, or give it a new `until` and say why (policies/exceptions.yaml)",
    severity="medium",
)
IDLE = Rule(
    "policy-exception-idle",
    "policy",
    title="An exception accepts something",
    symptom="the next finding of the kind passes without a word",
    fix="delete the entry (policies/exceptions.yaml)",
    severity="low",
)


def load(file: Path = FILE, rules: Collection[str] = (), today: datetime.date | None = None) -> list[Accepted]:
    """The entries of a file; none where there is no file. Raises ExceptionsProblem."""
    if not file.exists():
        return []
    # What reads it takes a tenth of a second to import, and most stacks have no exceptions.
    from policies import accepted

    return accepted.read(file, rules, today)


@dataclass(frozen=True)
class Sorted:
    """Findings of one rule on one stack: those that count, and those that are accepted."""

    open: Sequence[Finding]
    accepted: Sequence[tuple[Finding, Accepted]]


class Exceptions:
    """The entries, and which of them have accepted something."""

    def __init__(self, entries: Iterable[Accepted], today: datetime.date | None = None) -> None:
        self.entries = list(entries)
        self._today = today or datetime.datetime.now(datetime.UTC).date()
        self._used: set[int] = set()

    def sort(self, stack: str, rule: Rule, findings: Sequence[Finding]) -> Sorted:
        """Take out what an entry that still holds accepts."""
        left, accepted = [], []
        for finding in findings:
            at = next((n for n, entry in enumerate(self.entries) if entry.accepts(stack, rule, finding)), None)
            if at is not None:
                self._used.add(at)
            if at is None or self.entries[at].until < self._today:
                left.append(finding)
            else:
                accepted.append((finding, self.entries[at]))
        return Sorted(left, accepted)

    def ended(self, stack: str) -> list[Finding]:
        """Entries whose day is over."""
        return [
            Finding(f"the exception {entry} ended on {entry.until} (by {entry.by}: {entry.because})")
            for entry in self.entries
            if entry.until < self._today and fnmatch.fnmatch(stack, entry.stack)
        ]

    def idle(self, stacks: Collection[str]) -> list[Finding]:
        """Entries about stacks that were judged which accepted nothing there."""
        return [
            Finding(f"the exception {entry} accepts nothing any more")
            for at, entry in enumerate(self.entries)
            if at not in self._used and any(fnmatch.fnmatch(stack, entry.stack) for stack in stacks)
        ]
