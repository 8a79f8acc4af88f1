"""News in words: plain text that says the code, the sentence, who is harmed and what to do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from mech_ops.alerts.judging import News
from mech_ops.alerts.memory import Message
from mech_ops.alerts.seen import Alert, Seen
from mech_ops.diagnosis.causes.model import TABLE

_SHOWN = 5  # causes in full; a phone shows no more
_PAGE = "docs/causes.md#{anchor}"
_ELSE = "README.md#something-is-wrong"


def messages(told: Sequence[News], look: Seen, now: dt.datetime) -> list[Message]:
    """One for all that is there now, one for all that is cleared; none where there is none."""
    there = [(one, one.alert) for one in told if one.alert]
    gone = [one for one in told if not one.alert]
    found = [_there(there, look, now)] if there else []
    return found + ([_cleared(gone, look, now)] if gone else [])


def trial(stack: str, now: dt.datetime) -> Message:
    """What `mech alert --test` sends."""
    body = f"This is a test of the alerts of stack {stack}. Nothing is wrong with your platform because of it."
    return Message(_at(now), "info", f"Mech {stack}: test", body)


def _there(there: Sequence[tuple[News, Alert]], look: Seen, now: dt.datetime) -> Message:
    # What only follows from another one is no headline.
    first, alert = next((one for one in there if not one[1].after), there[0])
    others = [one for one in there if one[0].code != first.code]
    word = {"new": alert.severity, "again": f"again {alert.severity}", "worse": "worse"}[first.kind]
    more = f" (and {len(others)} more)" if others else ""
    blocks = [_block(one, about, look) for one, about in [(first, alert), *others[: _SHOWN - 1]]]
    left = [one.code for one, _ in others[_SHOWN - 1 :]]
    if left:
        blocks.append(f"And: {', '.join(left)}")
    bad = any(about.severity in ("outage", "data") for _, about in there)
    title = f"Mech {look.stack}: {word} {first.code}{more}"
    return Message(_at(now), "failure" if bad else "warning", title, "\n\n".join(blocks))


def _block(one: News, alert: Alert, look: Seen) -> str:
    lines = [f"{alert.code}: {alert.sentence}"]
    if one.kind == "worse":
        lines.append(f"worse: {one.how}")
    if one.kind == "again":
        lines.append("it comes and goes: the next word of it is when it stayed away for 15 min")
    if alert.services:
        lines.append(f"fails: {', '.join(alert.services)} ({len(alert.services)} of {look.services} services)")
    if alert.after:
        lines.append(f"follows from: {', '.join(alert.after)}")
    lines.append(f"fix: {alert.fix}" + (f"  (config: {alert.key})" if alert.key else ""))
    return "\n".join([*lines, f"more: {page(alert.code)}"])


def _cleared(gone: Sequence[News], look: Seen, now: dt.datetime) -> Message:
    more = f" (and {len(gone) - 1} more)" if len(gone) > 1 else ""
    body = [f"{one.code}: cleared after {lasted(one.since, now)}. It was: {one.sentence}" for one in gone]
    left = f"Still there: {', '.join(look.there)}" if look.there else "Nothing else is wrong."
    return Message(_at(now), "success", f"Mech {look.stack}: cleared {gone[0].code}{more}", "\n\n".join([*body, left]))


def page(code: str) -> str:
    return _PAGE.format(anchor=code.lower()) if code in TABLE else _ELSE


def lasted(since: str, now: dt.datetime) -> str:
    """As people say it: 40 s, 12 min, 3 h 5 min."""
    try:
        seconds = int((now - dt.datetime.fromisoformat(since)).total_seconds())
    except (ValueError, TypeError):
        return "an unknown time"
    if seconds < 60:
        return f"{max(seconds, 0)} s"
    minutes = seconds // 60
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _at(now: dt.datetime) -> str:
    return now.isoformat(timespec="seconds")
