"""What a check is, and how all of them are run: side by side, each within its time, whatever the others say.

The form is the one of `linkerd check`: a description, whether the others need it, a function.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

from mech_ops.errors import OpsError

State = Literal["ok", "wrong", "not looked at"]
# Longer than one request (REQUEST_S) and than an S3 client's own tries.
LIMIT_S = 25.0
REQUEST_S = 10.0


class Wrong(Exception):
    """One sentence a mistake: what is wrong, where, what to do next."""

    def __init__(self, *sentences: str) -> None:
        super().__init__(" ".join(sentences))
        self.sentences = sentences


class NotLooked(Exception):
    """Why the check could not be made."""


@dataclass(frozen=True)
class Check:
    """`look` returns what was seen; raises Wrong, NotLooked, or OpsError where something does not answer."""

    what: str
    look: Callable[[], str]
    needed: bool = False  # when it is not ok, the rest of its subject cannot be looked at


@dataclass(frozen=True)
class Subject:
    name: str
    checks: Sequence[Check]


@dataclass(frozen=True)
class Row:
    """What `mech preflight` says of one check."""

    subject: str
    what: str
    state: State
    said: str


def run(subjects: Sequence[Subject], limit_s: float = LIMIT_S) -> list[Row]:
    """A row a check (more where one found several mistakes), in the order given; takes a few times `limit_s` at most."""
    with ThreadPoolExecutor(max(1, len(subjects))) as pool:
        return [row for rows in pool.map(lambda subject: _subject(subject, limit_s), subjects) for row in rows]


def _subject(subject: Subject, limit_s: float) -> list[Row]:
    """The needed ones first, one after another, then all others at once."""
    said: dict[str, list[Row]] = {}
    failed: Check | None = None
    for check in (check for check in subject.checks if check.needed):
        if failed is None:
            said[check.what] = _started(subject.name, check, limit_s)()
            failed = check if any(row.state != "ok" for row in said[check.what]) else None
    others = [check for check in subject.checks if not check.needed]
    if failed is None:
        waits = [(check, _started(subject.name, check, limit_s)) for check in others]
        said |= {check.what: wait() for check, wait in waits}
    unseen = f"it needs: {failed.what}" if failed else ""
    return [
        row
        for check in subject.checks
        for row in said.get(check.what) or [Row(subject.name, check.what, "not looked at", unseen)]
    ]


def _started(subject: str, check: Check, limit_s: float) -> Callable[[], list[Row]]:
    """Begin one check; what is returned waits for its rows. A thread that never ends does not keep the process."""
    answer: list[Row] = []

    def work() -> None:
        try:
            answer.append(Row(subject, check.what, "ok", check.look()))
        except Wrong as wrong:
            answer.extend([Row(subject, check.what, "wrong", sentence) for sentence in wrong.sentences])
        except (NotLooked, OpsError) as why:
            answer.append(Row(subject, check.what, "not looked at", str(why)))
        except Exception as fault:  # an answer of a form that nobody thought of must not take the other checks with it
            said = f"the check itself failed ({type(fault).__name__}: {fault})"
            answer.append(Row(subject, check.what, "not looked at", said))

    deadline = time.monotonic() + limit_s
    thread = threading.Thread(target=work, daemon=True)
    thread.start()

    def wait() -> list[Row]:
        # Not a queue: SimpleQueue.get waits for ever now and then when little of its time is left (CPython 3.11, seen).
        thread.join(max(0.0, deadline - time.monotonic()))
        return answer or [Row(subject, check.what, "not looked at", f"no answer within {limit_s:.0f} s")]

    return wait
