"""`mech alert`, put together: look (again, where there is news), compare with what was told, note, post."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from mech_ops.alerts import judging, memory, message, sending
from mech_ops.alerts.judging import News
from mech_ops.alerts.memory import Memory, Message
from mech_ops.alerts.seen import Seen
from mech_ops.alerts.sending import Destination
from mech_ops.errors import FAILED, FOUND, OK, OpsError

AGAIN_S, LOOKS = 10.0, 3
"""Between two looks where there is news; how many at most, when each has other news."""

Look = Callable[[], Seen]
"""Looks once. Raises OpsError."""


@dataclass(frozen=True)
class Report:
    """What came of one run: the news, what was posted of them, what waits, and for whom."""

    seen: Seen
    news: list[News]
    messages: list[Message]
    known: Memory
    failed: dict[str, str] = field(default_factory=dict)  # by destination, why it took nothing
    forgotten: str = ""  # why nothing was known of what was told before

    @property
    def exit_code(self) -> int:
        """1: somebody was not told; 2: something is wrong, told now or before; 0: nothing is."""
        if self.failed:
            return FAILED
        return FOUND if self.seen.there or self.known.open else OK


def run(look: Look, some: list[Destination], path: Path) -> Report:
    """One run. What cannot be posted is kept, and posted first in the next one. Raises OpsError where it could not look."""
    with memory.alone(path):
        known, forgotten = memory.read(path)
        try:
            seen, found = looked(look, known)
        except OpsError:
            _post(known, some, path)
            raise
        written = _noted(known, seen, found)
        for one in written:
            one.waits = [destination.name for destination in some]
        known.pending = [*known.pending, *written][-memory.PENDING :]
        memory.write(path, known)  # before anything is posted: whoever is ended here tells it twice, and not never
        failed = _post(known, some, path)
    return Report(seen, found, written, known, failed, forgotten)


def rehearse(look: Look, path: Path) -> Report:
    """What `run` would post; nothing is posted or noted. Raises OpsError."""
    known, forgotten = memory.read(path)
    seen, found = looked(look, known)
    return Report(seen, found, _noted(known, seen, found), known, {}, forgotten)


def try_out(stack: str, some: list[Destination]) -> dict[str, str]:
    """Send everybody a message that says it is a test; returns why, by destination, where it was not taken."""
    trial = message.trial(stack, _now())
    trial.waits = [one.name for one in some]
    return sending.deliver([trial], some)


def looked(look: Look, known: Memory) -> tuple[Seen, list[News]]:
    """The last look, and what of its news the one before had, too. Where there is none, one look is enough."""
    seen = look()
    before = judging.news(known, seen, _now())
    for _ in range(LOOKS - 1):
        if not before:
            break
        pause(AGAIN_S)
        seen = look()
        now = judging.news(known, seen, _now())
        certain = judging.certain(now, before)
        if len(certain) == len(now):
            return seen, certain
        before = now
    else:
        return seen, certain
    return seen, []


def pause(seconds: float) -> None:
    """Between two looks."""
    time.sleep(seconds)


def _noted(known: Memory, seen: Seen, found: list[News]) -> list[Message]:
    now = _now()
    judging.note(known, seen, found, now)
    return message.messages(found, seen, now)


def _post(known: Memory, some: list[Destination], path: Path) -> dict[str, str]:
    if not known.pending:
        return {}
    failed = sending.deliver(known.pending, some)
    known.pending = [one for one in known.pending if one.waits]
    memory.write(path, known)
    return failed


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
