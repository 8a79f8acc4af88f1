"""Repairs, when asked: one `pulumi up`, and only where it does nothing but put right what drifted."""

from __future__ import annotations

from rich.console import Console

from mech_ops import up
from mech_ops.drift import check
from mech_ops.drift.report import Report


def obstacle(report: Report) -> str:
    """Why `pulumi up` must not be run unseen; empty when it may."""
    if report.not_looked_at:
        return "a part was not looked at: first `mech recover`"
    if report.unapplied:
        return "the program declares what was never applied, and `pulumi up` would ship it: that wants a person"
    return ""


def repair(stack: str | None, found: Report, console: Console, verbose: bool = False) -> Report:
    """Puts right what was found; returns what a second look finds, with what is well again. Raises OpsError."""
    if not found.drift:
        return found
    found.not_repaired = obstacle(found)
    if found.not_repaired:
        return found
    up.up(stack, console, verbose)
    after = check.check(stack)
    left = {(item.part, item.subject) for item in after.drift}
    after.repaired = [item for item in found.drift if (item.part, item.subject) not in left]
    if after.drift:
        after.not_repaired = "`pulumi up` went through, and this is still there, or there again"
    return after
