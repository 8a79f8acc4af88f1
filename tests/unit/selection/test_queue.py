"""The order of what was chosen, and what becomes of it when the machine is slower or faster than the one that was recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.selection.choosing import Choice, Plan
from tests.selection.queue import Queue

NAMES = [f"m.py::t{number}" for number in range(8)]


def queue(chosen: Sequence[int], left: Sequence[int] = (), after: Mapping[str, Sequence[str]] | None = None) -> Queue:
    """Tests of 40 s each; `chosen` and `left` by importance."""
    choices = [Choice(name, "why", 40.0) for name in NAMES]
    return Queue(Plan([choices[n] for n in chosen], [choices[n] for n in left]), NAMES, after or {})


def run(queue: Queue, time_s: float, each_s: float) -> list[int]:
    """What is run when each takes so long."""
    ran: list[int] = []
    promised = None
    while following := queue.next(time_s):
        now, then = following
        assert promised in (None, now)
        ran.append(NAMES.index(now))
        queue.took(each_s)
        time_s -= each_s
        promised = then
    return ran


def test_they_run_in_their_order_whatever_their_importance() -> None:
    assert run(queue([5, 0, 3]), 1000, 40) == [0, 3, 5]


def test_on_a_slow_machine_what_matters_least_is_left_out_and_named() -> None:
    slow = queue([5, 0, 3, 1, 2, 4])
    assert run(slow, 320, 80) == [0, 1, 2, 5]
    assert {NAMES.index(choice.test) for choice in slow.left} == {3, 4}


def test_on_a_fast_machine_there_is_time_for_more() -> None:
    fast = queue([5, 0, 3], left=[7, 1, 6])
    assert run(fast, 130, 20) == [0, 3, 5, 6, 7]
    assert [choice.test for choice in fast.left] == [NAMES[1]]  # its place was over


def test_what_builds_on_a_test_that_is_not_run_is_not_run() -> None:
    fast = queue([0, 1, 2, 3], left=[7], after={NAMES[7]: [NAMES[6]]})
    assert run(fast, 1000, 10) == [0, 1, 2, 3]
