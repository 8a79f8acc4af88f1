"""What a run of `mech alert` says of itself, to a person and to a script."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator

from mech_ops.alerts.command import Report
from mech_ops.alerts.judging import News


def lines(found: Report, rehearsed: bool) -> Iterator[str]:
    """For people: the news, what is open beside them, who was not told."""
    if found.forgotten:
        yield f"nothing is known of what was told before: {found.forgotten}; what is wrong now is told as new"
    for one in found.messages:
        yield f"{'would post' if rehearsed else 'posted' if not one.waits else 'to be posted'}: {one.title}"
        yield from (f"  {line}" if line else "" for line in one.body.splitlines())
    told = {one.code for one in found.news}
    for code, about in found.known.open.items():
        if code not in told:
            yield f"told before, since {about.since}: {about.severity} {code}: {about.sentence}"
    for name, why in found.failed.items():
        yield f"destination {name} did not take it: {why}"
    waiting = len(found.known.pending)
    if found.failed:
        yield f"{waiting} {'message waits' if waiting == 1 else 'messages wait'} for the next run"
    elif not found.messages and not found.known.open:
        yield "nothing new, and nothing is open"


def as_json(found: Report) -> str:
    data = {
        "exit_code": found.exit_code,
        "stack": found.seen.stack,
        "taken": found.seen.taken,
        "news": [_news(one) for one in found.news],
        "open": {code: dataclasses.asdict(about) for code, about in found.known.open.items()},
        "messages": [{"kind": one.kind, "title": one.title, "body": one.body} for one in found.messages],
        "failed": found.failed,
        "waiting": len(found.known.pending),
        "forgotten": found.forgotten,
    }
    return json.dumps(data, indent=2, ensure_ascii=False)


def _news(one: News) -> dict[str, object]:
    about: dict[str, object] = {"kind": one.kind, "code": one.code}
    return about | (dataclasses.asdict(one.alert) if one.alert else {"since": one.since, "sentence": one.sentence})
