"""When it will be full: a straight line through earlier runs, and nothing where too little is known."""

from __future__ import annotations

import math

import pytest

from mech_ops.checklist import trend
from mech_ops.checklist.history import Run

from . import looks

TAKEN = "2026-11-27T00:00:00+00:00"


def runs(*points: tuple[str, float], key: str = "disk /") -> list[Run]:
    return [Run(f"2026-11-{when}+00:00", "daily", "ann", 0, numbers={key: [used, 100]}) for when, used in points]


@pytest.mark.parametrize(
    ("past", "used", "days"),
    [
        ([], 50, None),
        ([("20T00:00", 40)], 50, None),
        ([("26T20:00", 40), ("26T22:00", 45)], 50, None),  # within some hours
        ([("25T00:00", 30), ("26T00:00", 40)], 50, 5),
        ([("07T00:00", 40), ("17T00:00", 45)], 50, 100),
        ([("25T00:00", 50), ("26T00:00", 50)], 50, math.inf),
        ([("25T00:00", 60), ("26T00:00", 50)], 40, math.inf),
        ([("25T00:00", 80), ("26T00:00", 90)], 100, 0),
        ([("24T00:00", 10), ("25T00:00", 30), ("26T00:00", 20)], 40, 7.9),  # slope 8 a day, and the line is at 37 now
    ],
)
def test_the_line_through_the_runs(past: list[tuple[str, float]], used: float, days: float | None) -> None:
    found = trend.days_left("disk /", used, 100, TAKEN, runs(*past))
    assert found == (days if days is None else pytest.approx(days, abs=0.1))


def test_other_measures_later_runs_and_odd_times_do_not_count() -> None:
    good = runs(("25T00:00", 30), ("26T00:00", 40))
    noise = [
        *runs(("24T00:00", 99), key="memory"),
        *runs(("28T00:00", 99)),
        Run("yesterday", "daily", "x", 0, numbers={"disk /": [1, 100]}),
    ]
    assert trend.days_left("disk /", 50, 100, TAKEN, [*good, *noise]) == pytest.approx(5)
    year_ago = Run("2025-11-26T00:00:00+00:00", "daily", "ann", 0, numbers={"disk /": [29, 100]})
    assert trend.days_left("disk /", 50, 100, TAKEN, [year_ago, *good]) == pytest.approx(5)
    assert trend.days_left("disk /", 50, 100, "yesterday", good) is None


@pytest.mark.parametrize(
    ("days", "words"),
    [(None, "not known yet"), (math.inf, "does not grow"), (5000, "not full within 10 years"), (12.4, "full in 12 days"), (0.2, "full within a day")],
)  # fmt: skip
def test_its_words(days: float | None, words: str) -> None:
    assert words in trend.said(days)


def test_what_is_full_before_the_next_review_is_wrong() -> None:
    seen = looks.read()
    seen.taken = TAKEN
    seen.facts["host"]["space"] = [
        {"path": "/", "device": 1, "read_only": False, "used": 50, "free": 50, "inodes_used": 1, "inodes_free": 99}
    ]
    assert "when it is full is not known yet" in " ".join(looks.item("capacity", seen).evidence)
    soon = looks.item("capacity", seen, runs(("25T00:00", 46), ("26T00:00", 48)))
    assert soon.state == "wrong" and "full in 25 days" in soon.says
    late = looks.item("capacity", seen, runs(("25T00:00", 48), ("26T00:00", 49)))
    assert late.state == "ok" and "full in 50 days" in late.says
