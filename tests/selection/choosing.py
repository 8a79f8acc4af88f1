"""Which tests a change needs, and which of them come first when not all fit into the time that there is."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .touched import FOLDERS, Part, Record, Tree

ITS_TURN = "its turn"  # not needed
_NEVER_PASSED = 1e6  # tells more than any other
_UNKNOWN_S = 40.0  # a test that was never recorded


@dataclass(frozen=True)
class Case:
    """A collected test. `after`: those before it in its module, which it builds on. `always`: whatever changed."""

    name: str
    after: tuple[str, ...] = ()
    always: bool = False

    @property
    def module(self) -> str:
        return self.name.partition("::")[0]


@dataclass
class Choice:
    test: str
    why: str
    seconds: float


@dataclass
class Plan:
    """`chosen` by importance; `left`: needed, and not run for want of time."""

    chosen: list[Choice] = field(default_factory=list)
    left: list[Choice] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return sum(choice.seconds for choice in self.chosen)


def needs(
    tests: Sequence[Case], records: dict[str, Record], tree: Tree, base: Tree | None = None
) -> dict[str, list[Part]]:
    """{test: the changed parts that it ran}, of those that a change needs. No part: it never passed.

    Changed is what is not as it was when the test last passed; with a `base`, what is not as it was there.
    """
    found: dict[str, list[Part]] = {}
    known = {part for record in records.values() for part in record.parts}
    scripts = {(path, "") for path in tree.files if path.endswith(".sh") and path.startswith(FOLDERS)} - known
    for test in tests:
        record = records.get(test.name)
        if record is None or not record.parts:
            found[test.name] = []
            continue
        then = {part: base.digest(part) for part in record.parts} if base else record.parts
        changed = [part for part, digest in then.items() if tree.digest(part) != digest]
        if not base:
            changed += sorted(scripts)  # nobody is known to read them
        if changed:
            found[test.name] = changed
    return found


def plan(
    tests: Sequence[Case],
    needed: dict[str, list[Part]],
    records: dict[str, Record],
    budget_s: float,
    turn: int,
    least_s: float,
) -> Plan:
    """What to run within the budget: each kind once, then what tells most of the change for its time.

    What is not needed has its turn: another part at each commit (`turn`), until there is `least_s` of work.
    """
    by_name = {test.name: test for test in tests}
    seconds = _seconds(tests, records)
    setup = _setups(tests, records)
    gain = _Gain(needed)
    plan, done, begun = Plan(), set[str](), set[str]()

    def cost(test: Case) -> float:
        todo = sum(seconds[name] for name in (*test.after, test.name) if name not in done)
        return todo if test.module in begun else todo + setup[test.module]

    def take(test: Case, why: str) -> bool:
        if plan.seconds + cost(test) > budget_s:
            return False
        for name in (*test.after, test.name):
            if name not in done:
                reason = why if name == test.name else f"before {test.name.partition('::')[2]}"
                plan.chosen.append(Choice(name, reason, cost(by_name[name])))
                done.add(name)
                begun.add(test.module)
                gain.cover(name)
        return True

    for test in tests:
        if test.always:
            take(test, "always")
    waiting = [test for test in _from(turn, tests) if test.name in needed and test.name not in done]
    refused: list[Case] = []
    while waiting:
        best = max(waiting, key=lambda test: (test.module not in begun, gain.of(test.name) / cost(test)))
        waiting.remove(best)
        if not take(best, _why(needed[best.name])):
            refused.append(best)
        waiting = [test for test in waiting if test.name not in done]
    plan.left = [Choice(test.name, _why(needed[test.name]), cost(test)) for test in refused if test.name not in done]
    for test in _from(turn, (test for test in tests if test.name not in needed)):
        if plan.seconds >= least_s:
            break
        if test.name not in done:
            take(test, ITS_TURN)
    return plan


def _from(turn: int, tests: Iterable[Case]) -> list[Case]:
    """The tests in an order that begins some further on at each commit, as far as one run comes with them."""
    tests = sorted(tests, key=lambda test: test.name)
    begin = turn * 7 % len(tests) if tests else 0
    return tests[begin:] + tests[:begin]


class _Gain:
    """How much a test would tell of the change: of a part that few tests ran more, of one that was run already less."""

    def __init__(self, needed: dict[str, list[Part]]) -> None:
        runs: dict[Part, list[str]] = defaultdict(list)
        for test, parts in needed.items():
            for part in parts:
                runs[part].append(test)
        # Parts that the same tests ran are one.
        self._groups = [
            (those, float(number) / len(those)) for those, number in Counter(map(tuple, runs.values())).items()
        ]
        self._of: dict[str, list[int]] = defaultdict(list)
        for number, (those, _) in enumerate(self._groups):
            for test in those:
                self._of[test].append(number)
        self._told = {test: sum(self._groups[number][1] for number in mine) for test, mine in self._of.items()}
        words = Counter(word for part in runs for word in _words(f"{part[0].rpartition('/')[2]} {part[1]}"))
        common = Counter(word for test in needed for word in _words(test))
        self._fits = {
            test: 1 + 20 * sum(words[word] / len(runs) / common[word] for word in _words(test)) for test in self._of
        }

    def of(self, test: str) -> float:
        return self._told[test] * self._fits[test] if test in self._told else _NEVER_PASSED

    def cover(self, test: str) -> None:
        """It is run: what it tells is worth half to each other that tells the same."""
        for number in self._of.get(test, ()):
            those, worth = self._groups[number]
            self._groups[number] = those, worth / 2
            for other in those:
                self._told[other] -= worth / 2


_COMMON = {"tests", "test", "scenario", "module"}


def _words(text: str) -> set[str]:
    return {word for word in re.split(r"[^a-z0-9]+", text.lower()) if len(word) > 2} - _COMMON


def _seconds(tests: Sequence[Case], records: dict[str, Record]) -> dict[str, float]:
    """{test: how long it takes}; of one that was not recorded, what others of its module take."""
    known: dict[str, list[float]] = defaultdict(list)
    for name, record in records.items():
        known[name.partition("::")[0]].append(record.seconds)
    usual = {module: sum(those) / len(those) for module, those in known.items()}
    own = {test.name: records.get(test.name) for test in tests}
    return {t.name: max(o.seconds if (o := own[t.name]) else usual.get(t.module, _UNKNOWN_S), 0.1) for t in tests}


def _setups(tests: Sequence[Case], records: dict[str, Record]) -> dict[str, float]:
    """{module: what its first test waits for}."""
    found: dict[str, float] = {}
    for test in tests:
        known = records[test.name].setup_s if test.name in records else 0.0
        found[test.module] = max(found.get(test.module, 0.0), known)
    return found


def _why(parts: list[Part]) -> str:
    if not parts:
        return "did not pass when it was recorded, or is new"
    places = [f"{path}: {name.partition('#')[0]}" if name.strip("/") else path for path, name in parts]
    unique = list(dict.fromkeys(places))
    return ", ".join(unique[:2]) + (f" and {len(unique) - 2} more" if len(unique) > 2 else "")
