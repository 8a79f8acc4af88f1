"""When something will be full, by a straight line through what the runs before saw."""

from __future__ import annotations

import datetime as dt
import math
import statistics
from collections.abc import Sequence

from mech_ops.checklist.history import Run

_DAY_S = 86400.0
_EARLIER = 2  # runs that it takes, over at least a day
_WINDOW_DAYS = 90.0  # what grows since last week must not be hidden by a year of rest
FAR_DAYS = 3650.0


def days_left(key: str, used: float, limit: float, taken: str, past: Sequence[Run]) -> float | None:
    """Days until the least-squares line reaches the limit; infinite for what does not grow, None where it is not known yet."""
    now = _seconds(taken)
    if now is None:
        return None
    points = [
        ((at - now) / _DAY_S, run.numbers[key][0])
        for run in past
        if key in run.numbers and (at := _seconds(run.when)) is not None and 0 < now - at < _WINDOW_DAYS * _DAY_S
    ]
    if len(points) < _EARLIER or min(at for at, _ in points) > -1:
        return None
    slope, level = statistics.linear_regression(*zip(*points, (0.0, used), strict=True))
    if slope <= 0:
        return math.inf
    return max(0.0, (limit - level) / slope)


def said(days: float | None) -> str:
    if days is None:
        return "when it is full is not known yet"
    if days > FAR_DAYS:
        return "does not grow" if math.isinf(days) else "not full within 10 years"
    return f"full in {days:.0f} days" if days >= 1 else "full within a day"


def _seconds(text: str) -> float | None:
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=dt.UTC)).timestamp()
