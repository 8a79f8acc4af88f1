"""`mech diagnose`, put together: look (or read a bundle), rank, say."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from mech_ops import pulumi
from mech_ops.diagnosis import bundle, gather, mutes, ranking, report
from mech_ops.diagnosis.bundle import Bundle
from mech_ops.diagnosis.look import Look
from mech_ops.errors import OpsError
from mech_ops.project import project
from mech_ops.status import Health


def diagnose(
    stack: str | None, given: Path | None, keep: Path | None, console: Console, begun: pulumi.Exports | None = None
) -> ranking.Diagnosis:
    """Look now, or at a bundle; `keep` is where what was seen is written, `begun` the state's exports. Raises OpsError."""
    if given:
        return ranking.diagnose(Look(bundle.read(given)))

    seen = gather.look(stack, report.heard(console), begun=begun)
    if keep:
        seen.write(keep)
    return _judged(seen, lambda text: console.print(text, style="yellow", markup=False))


def explain(stack: str | None, answers: Sequence[Health]) -> ranking.Diagnosis:
    """The same for who has asked the services already. Raises OpsError."""
    return _judged(gather.look(stack, known=gather.as_facts(answers)))


def again(stack: str | None) -> ranking.Diagnosis:
    """One look without a word of it. Raises OpsError."""
    return _judged(gather.look(stack))


def _judged(seen: Bundle, tell: Callable[[str], None] = lambda text: None) -> ranking.Diagnosis:
    """With what is muted now. A bundle that is read says what was seen then, muted or not."""
    try:
        path = mutes.place(project(), seen.declared["stack"])
        muted = mutes.read(path, dt.datetime.now(dt.UTC))
    except OpsError as error:
        tell(f"no cause is taken for muted: {error}")
        return ranking.diagnose(Look(seen))
    found = ranking.diagnose(Look(seen), muted)
    for code, how in found.outgrown.items():
        try:
            # Once it got worse, the mute is over, also when it gets better again.
            mutes.end(path, code, dt.datetime.now(dt.UTC).replace(microsecond=0), "mech diagnose", f"worse: {how}")
        except OpsError as error:
            tell(str(error))
    return found
