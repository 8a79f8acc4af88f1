"""What is news: a look against what was told. Nothing here looks, sends or waits.

A cause is told when two looks after each other have it, and cleared when two do not. One that comes back within `CALM` of its
end is told as one that comes and goes; from then on it must stay away for `CALM` before that is told.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from mech_ops.alerts.memory import Memory, Open
from mech_ops.alerts.seen import Alert, Seen
from mech_ops.diagnosis.causes.model import worse

CALM = dt.timedelta(minutes=15)

Kind = Literal["new", "again", "worse", "cleared"]


@dataclass(frozen=True)
class News:
    """One thing to be told. `how`: in which way it is worse; `since`: of what is cleared, when it was told first."""

    kind: Kind
    code: str
    alert: Alert | None = None  # None: cleared
    how: str = ""
    since: str = ""
    sentence: str = ""  # of what is cleared, as it was told


def news(memory: Memory, look: Seen, now: dt.datetime) -> list[News]:
    """What this look has that was not told, the likeliest cause first; then what is gone."""
    found = [one for alert in look.there.values() if (one := _there(memory, alert, now))]
    gone = [code for code in memory.open if code not in look.there and code not in look.unsure]
    return found + [one for code in gone if (one := _gone(code, memory.open[code], now))]


def certain(found: list[News], before: list[News]) -> list[News]:
    """Of these, what the look before had, too."""
    known = {(one.kind, one.code) for one in before}
    return [one for one in found if (one.kind, one.code) in known]


def note(memory: Memory, look: Seen, told: list[News], now: dt.datetime) -> None:
    """Keep what was told, and since when restless ones are away."""
    at = now.isoformat(timespec="seconds")
    for one in told:
        if one.alert:
            before = memory.open.get(one.code)
            services = sorted({*one.alert.services, *(before.services if before else ())})
            memory.open[one.code] = Open(
                since=before.since if before else at, severity=one.alert.severity, services=services,
                sentence=one.alert.sentence, restless=one.kind == "again" or bool(before and before.restless),
            )  # fmt: skip
        else:
            del memory.open[one.code]
            memory.gone[one.code] = at
    for code, about in memory.open.items():
        if about.restless:
            seen = code in look.there or code in look.unsure
            about.away = "" if seen else about.away or at
    memory.gone = {code: when for code, when in memory.gone.items() if now - _time(when) < CALM}


def _there(memory: Memory, alert: Alert, now: dt.datetime) -> News | None:
    known = memory.open.get(alert.code)
    if known:
        how = worse((known.severity, known.services), (alert.severity, alert.services))
        return News("worse", alert.code, alert, how) if how else None
    gone = memory.gone.get(alert.code)
    lately = gone is not None and now - _time(gone) < CALM
    return News("again" if lately else "new", alert.code, alert)


def _gone(code: str, known: Open, now: dt.datetime) -> News | None:
    if known.restless and (not known.away or now - _time(known.away) < CALM):
        return None
    return News("cleared", code, since=known.since, sentence=known.sentence)


def _time(text: str) -> dt.datetime:
    """A time of ours; one that somebody else wrote there is long ago."""
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        return dt.datetime.min.replace(tzinfo=dt.UTC)
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)
