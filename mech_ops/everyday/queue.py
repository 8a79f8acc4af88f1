"""`mech queue`: how many jobs wait, whether they move, and the way to have them given back. No job is ever deleted."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass

from mech_ops import stack_config
from mech_ops.diagnosis.bundle import Bundle
from mech_ops.diagnosis.causes import TABLE
from mech_ops.diagnosis.look import Look
from mech_ops.errors import FOUND, OK, OpsError
from mech_ops.everyday import platform, restart
from mech_ops.everyday.platform import Json

_STUCK = "JOBS_STUCK"


@dataclass(frozen=True)
class Jobs:
    """`wrong` says why they do not move, or why nobody could say; empty where all is well."""

    pending: int | None
    active: int | None
    wrong: str = ""
    fix: str = ""

    @property
    def exit_code(self) -> int:
        return FOUND if self.wrong else OK

    def words(self) -> str:
        counts = "" if self.pending is None else f"{self.pending} jobs wait, {self.active} are at work"
        if not self.wrong:
            return counts
        return "\n".join(filter(None, (counts, f"stuck: {self.wrong}" if counts else self.wrong, f"fix: {self.fix}")))

    def as_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), indent=2)


def look(stack: str | None) -> Jobs:
    """Raises OpsError."""
    there = platform.read(stack)
    if not there.is_fleet:
        return judged(there.declared, there.facts({"jobs": {}}))
    # Only where a task of the queue is can somebody say it.
    said = there.facts_of_all({"jobs": {}})
    asked = [facts for facts in said.values() if isinstance(facts, dict)]
    if not asked:
        raise OpsError(
            "; ".join(f"host {name} cannot be asked: {why}" for name, why in said.items()) + ". Next: mech diagnose"
        )
    return judged(there.declared, next((facts for facts in asked if facts.get("jobs")), asked[0]))


def judged(declared: Json, facts: Json) -> Jobs:
    """By the cause that `mech diagnose` goes by."""
    counts = facts.get("jobs")
    if not counts:
        return Jobs(None, None, "the queue does not say how many jobs it has", "mech diagnose")
    cause = TABLE[_STUCK]
    for found in cause.find(Look(Bundle("", declared, {"host": facts}))):
        says, fix, _ = cause.words(found)
        return Jobs(counts["pending"], counts["active"], says, fix)
    return Jobs(counts["pending"], counts["active"])


def requeue(stack: str | None, say: Callable[[str], None]) -> None:
    """Restart the queue with time to end: what is at work is given back, and is next in line. Raises OpsError."""
    stack_config.nobody_at_work(stack)
    there = platform.read(stack)
    say(restart.noticed(there, "queue"))
    restart.carry_out(there, "queue", say)
    say("jobs that were at work were given back, and are the next in line; none was deleted: mech queue counts them")
