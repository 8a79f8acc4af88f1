"""What of a diagnosis is worth telling, and of which causes it says nothing either way."""

from __future__ import annotations

from dataclasses import dataclass, field

from mech_ops.diagnosis.causes.model import SEVERITIES, TABLE, Cause, Severity
from mech_ops.diagnosis.ranking import Diagnosis, Named, kind

UNEXPLAINED, NOT_SEEN = "UNEXPLAINED", "NOT_SEEN"
"""Codes of what is no cause, and makes `mech diagnose` end with 2 all the same."""
_LOOK_CLOSER = "mech diagnose"


@dataclass(frozen=True)
class Alert:
    """One thing that is wrong, in words. `after` are the causes that it only follows from."""

    code: str
    severity: Severity
    sentence: str
    fix: str
    key: str = ""  # of the config, that decides it
    services: tuple[str, ...] = ()  # that fail, and that it harms
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Seen:
    """One look. `there` is by code, the likeliest cause first; nobody knows whether those that are `unsure` are there."""

    taken: str  # ISO 8601, UTC
    stack: str
    services: int  # how many there are
    there: dict[str, Alert] = field(default_factory=dict)
    unsure: frozenset[str] = frozenset()


def seen(found: Diagnosis, least: Severity) -> Seen:
    """What is at least so bad and not muted, what fails without a cause, and who said nothing."""
    bundle, limit = found.look.bundle, SEVERITIES.index(least)
    there = {
        named.code: _alert(named)
        for named in found.named
        if not found.quiet(named) and SEVERITIES.index(named.severity) <= limit
    }
    explained = {name for named in found.named for name in named.failing}
    lost = tuple(sorted(found.alarming - explained))
    if lost:
        down = any(found.failing[name] == "down" for name in lost)
        says = f"{', '.join(lost)}: nothing that was looked at says why"
        there[UNEXPLAINED] = Alert(UNEXPLAINED, "outage" if down else "degraded", says, _LOOK_CLOSER, services=lost)
    read = {name for named in found.named for name in named.cause.reads}
    silent = {source: why for source, why in found.silent.items() if f"{kind(source)}.silent" not in read}
    if silent and SEVERITIES.index("risk") <= limit:
        says = "; ".join(f"{source} could not be looked at: {why}" for source, why in sorted(silent.items()))
        there[NOT_SEEN] = Alert(NOT_SEEN, "risk", says, _LOOK_CLOSER)
    skipped = {code for codes in found.skipped.values() for code in codes}
    blind = {cause.code for cause in TABLE.values() if _blind(cause, set(map(kind, found.silent)))}
    hushed = {named.code for named in found.named if found.quiet(named)}
    unsure = skipped | blind | hushed
    if (bundle.facts.get("host") or {}).get("engine"):
        # Half of an `up` is no drift, and what it has not come to yet is not gone. What visitors do not get is told.
        there = {code: alert for code, alert in there.items() if alert.services}
        unsure = {*TABLE, UNEXPLAINED, NOT_SEEN}
    stack, services = found.look.declared["stack"], len(found.look.services)
    return Seen(bundle.taken, stack, services, there, frozenset(unsure - there.keys()))


def _alert(named: Named) -> Alert:
    return Alert(named.code, named.severity, named.sentence, named.fix, named.key, named.failing, named.after)


def _blind(cause: Cause, silent: set[str]) -> bool:
    """Whether somebody who must be asked for it said nothing, and that it was so is no sign of it."""
    sources = {"host" if name.startswith("drift.") else name.partition(".")[0] for name in cause.reads}
    return any(source in silent and f"{source}.silent" not in cause.reads for source in sources)
