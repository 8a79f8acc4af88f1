"""`mech diagnose`, put together: look (or read a bundle), rank, say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from mech_ops.diagnosis import bundle, gather, ranking
from mech_ops.diagnosis.look import Look
from mech_ops.status import Health


def diagnose(stack: str | None, given: Path | None, keep: Path | None, console: Console) -> ranking.Diagnosis:
    """Look now, or at a bundle; `keep` is where what was seen is written. Raises OpsError."""
    if given:
        return ranking.diagnose(Look(bundle.read(given)))

    def heard(source: str, seconds: float, silent: str) -> None:
        console.print(
            f"{source} {f'says nothing: {silent}' if silent else 'looked at'} ({seconds:.1f} s)",
            style="dim",
            markup=False,
        )

    seen = gather.look(stack, heard)
    if keep:
        seen.write(keep)
    return ranking.diagnose(Look(seen))


def explain(stack: str | None, answers: Sequence[Health]) -> ranking.Diagnosis:
    """The same for who has asked the services already. Raises OpsError."""
    return ranking.diagnose(Look(gather.look(stack, lambda *_: None, gather.as_facts(answers))))


def again(stack: str | None) -> ranking.Diagnosis:
    """One look without a word of it. Raises OpsError."""
    return ranking.diagnose(Look(gather.look(stack, lambda *_: None)))
