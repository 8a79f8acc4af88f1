"""Spans of time as people write them: 30s, 10m, 4h, 2d."""

from __future__ import annotations

import datetime as dt
import re

from mech_ops.errors import OpsError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def span(text: str, option: str) -> dt.timedelta:
    """`option` is named where it is none. Raises OpsError."""
    found = re.fullmatch(r"([1-9]\d{0,5})([smhd])", text.strip())
    if not found:
        raise OpsError(f"{option} {text!r} is no span of time; write a number and s, m, h or d, as 30m or 4h")
    return dt.timedelta(seconds=int(found[1]) * _UNITS[found[2]])


def said(seconds: float) -> str:
    """In its two largest units: 3 d 4 h."""
    left, words = int(max(0, seconds)), []
    for unit, length in reversed(_UNITS.items()):
        count, left = divmod(left, length)
        if count:
            words.append(f"{count} {'min' if unit == 'm' else unit}")
    return " ".join(words[:2]) or "0 s"
