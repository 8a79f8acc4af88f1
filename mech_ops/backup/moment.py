"""--at: a time as people write it, or a snapshot's id, as the host understands it."""

from __future__ import annotations

import datetime as dt
import re

from mech_ops.errors import OpsError
from mech_ops.everyday import spans


def moment(text: str, now: dt.datetime) -> str:
    """An id, or a time (ISO 8601, UTC) not after which the snapshot was made; "" for the newest one. Raises OpsError.

    `6h`: the newest that is not younger. `yesterday`, or a day: the last one of that day or before.
    """
    word = text.strip()
    if re.fullmatch(r"[1-9]\d{0,5}[smhd]", word):
        return _iso(now - spans.span(word, "--at"))
    if word == "yesterday":
        return _iso(now.replace(hour=0, minute=0, second=0, microsecond=0))
    if word in ("", "newest") or re.fullmatch(r"[0-9a-f]{4,64}", word):
        return "" if word == "newest" else word
    try:
        found = dt.datetime.fromisoformat(word)
    except ValueError:
        raise OpsError(
            f"--at {text!r} is neither a time nor a snapshot's id; write '2026-11-27 03:00' (UTC), yesterday, 6h, or an id of "
            "mech backup list"
        ) from None
    found = found if found.tzinfo else found.replace(tzinfo=dt.UTC)
    return _iso(found + dt.timedelta(days=1) if re.fullmatch(r"\d{4}-\d\d-\d\d", word) else found)


def _iso(when: dt.datetime) -> str:
    return when.astimezone(dt.UTC).isoformat(timespec="seconds")
