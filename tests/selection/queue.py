"""The chosen tests in the order in which they run; fewer or more of them as this machine turns out slower or faster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .choosing import Choice, Plan

_SURE_S = 60.0  # of recorded work, before this machine is compared with the one that was recorded


class Queue:
    """`names` are all tests in their order; `after` says which of them others build on."""

    def __init__(self, plan: Plan, names: Sequence[str], after: Mapping[str, Sequence[str]]) -> None:
        self._place = {name: number for number, name in enumerate(names)}
        self._after = after
        self._chosen = list(plan.chosen)  # by importance, those that are still to run
        self._left = list(plan.left)
        self._begun: set[str] = set()
        self._expected_s = self._took_s = 0.0

    @property
    def waiting(self) -> list[Choice]:
        return sorted(self._chosen, key=lambda choice: self._place[choice.test])

    @property
    def left(self) -> list[Choice]:
        """What is not run for want of time."""
        return list(self._left)

    def next(self, time_left_s: float) -> tuple[str, str | None] | None:
        """The test to run now, and the one after it, which is certain; None at the end."""
        first = self.waiting[:1]
        if not first:
            return None
        self._chosen.remove(first[0])
        self._begun.add(first[0].test)
        self._fit(time_left_s, first[0])
        self._expected_s += first[0].seconds
        then = self.waiting[:1]
        return first[0].test, then[0].test if then else None

    def took(self, seconds: float) -> None:
        self._took_s += seconds

    def _fit(self, time_left_s: float, now: Choice) -> None:
        slow = min(max(self._took_s / self._expected_s, 0.3), 5.0) if self._expected_s > _SURE_S else 1.0
        room = time_left_s / slow - now.seconds - sum(choice.seconds for choice in self._chosen)
        while room < 0 and self._chosen:
            last = self._chosen.pop()
            self._left.insert(0, last)
            room += last.seconds
        for choice in list(self._left) if slow < 1 else ():
            there = self._begun | {one.test for one in self._chosen}
            ahead = self._place[choice.test] > self._place[now.test] and set(self._after.get(choice.test, ())) <= there
            if ahead and choice.seconds <= room:
                self._left.remove(choice)
                self._chosen.append(choice)
                room -= choice.seconds
