"""--at as people write it."""

from __future__ import annotations

import datetime as dt

import pytest

from mech_ops.backup.moment import moment
from mech_ops.errors import OpsError

NOW = dt.datetime(2026, 11, 27, 10, 30, 15, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ("", ""),
        ("newest", ""),
        ("6h", "2026-11-27T04:30:15+00:00"),
        ("2d", "2026-11-25T10:30:15+00:00"),
        ("yesterday", "2026-11-27T00:00:00+00:00"),
        ("2026-11-27 03:00", "2026-11-27T03:00:00+00:00"),
        ("2026-11-27T03:00+02:00", "2026-11-27T01:00:00+00:00"),
        ("2026-11-26", "2026-11-27T00:00:00+00:00"),
        ("1a2b3c4d", "1a2b3c4d"),
    ],
)
def test_a_time_or_a_snapshot(said: str, means: str) -> None:
    assert moment(said, NOW) == means


@pytest.mark.parametrize("said", ["tomorrow", "6 hours", "0h", "2026-13-01", "xyz1", "27.11.2026"])
def test_what_is_neither_is_one_sentence(said: str) -> None:
    with pytest.raises(OpsError, match="is neither a time nor a snapshot's id; write '2026-11-27 03:00'"):
        moment(said, NOW)
