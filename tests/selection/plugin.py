"""`make test`: a pytest plugin that runs what the change needs, the most telling first, and ends in time.

MECH_TEST_MINUTES: how long the whole of `make test` may take (25; 0: everything, whatever the time). MECH_TEST_BEGAN: when
it began, in seconds since 1970. MECH_TEST_BASE: a commit to compare with, in place of when each test last passed.
"""

from __future__ import annotations

import os
import time

import pytest

from . import touched
from .choosing import ITS_TURN, Case, Plan, needs, plan
from .queue import Queue

MARGIN_S = 60.0  # for taking down what runs
SOME_S = 300.0
LEAST_S = 600.0  # of work, when little is needed


def tests_of(items: list[pytest.Item]) -> list[Case]:
    found = []
    for item in items:
        before = [one.nodeid for one in items[: items.index(item)] if one.path == item.path]
        builds = tuple(before) if item.get_closest_marker("in_order") else ()
        found.append(Case(item.nodeid, builds, bool(item.get_closest_marker("brings_up"))))
    return found


def planned(items: list[pytest.Item], budget_s: float, base: str = "") -> Plan:
    """For the collected tests. Raises subprocess.CalledProcessError when git does not know the base."""
    records, tests = touched.load(), tests_of(items)
    needed = needs(tests, records, touched.Tree(), touched.Tree(base) if base else None)
    turn = int(touched.git("rev-list", "--count", "HEAD"))
    return plan(tests, needed, records, budget_s, turn, min(LEAST_S, budget_s))


class Selection:
    def __init__(self, minutes: float, began: float) -> None:
        # Some of them are run, however long everything else took.
        self._end = max(began + minutes * 60 - MARGIN_S, time.time() + SOME_S)
        self._queue = Queue(Plan(), (), {})

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        chosen = planned(items, self._end - time.time(), os.environ.get("MECH_TEST_BASE", ""))
        tests = tests_of(items)
        self._queue = Queue(chosen, [test.name for test in tests], {test.name: test.after for test in tests})
        known = {choice.test for choice in (*chosen.chosen, *chosen.left)}
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in known])
        items[:] = [item for item in items if item.nodeid in known]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        if session.testsfailed or session.config.option.collectonly:
            return None  # pytest's own says so
        items = {item.nodeid: item for item in session.items}
        while following := self._queue.next(self._end - time.time()):
            now, then = following
            hook = items[now].config.hook
            hook.pytest_runtest_protocol(item=items[now], nextitem=items[then] if then else None)
            if session.shouldfail:
                raise session.Failed(session.shouldfail)
            if session.shouldstop:
                raise session.Interrupted(session.shouldstop)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._queue.took(report.duration)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        left = [choice for choice in self._queue.left if choice.why != ITS_TURN]
        if not left:
            terminalreporter.write_line("every test of the real engine that the change needs was run")
            return
        minutes = sum(one.seconds for one in left) / 60
        terminalreporter.write_line(
            f"not run, for time ({len(left)} tests, {minutes:.0f} min); make test-all runs them, python -m tests.selection --explain says why they are needed:"
        )
        for module in dict.fromkeys(choice.test.partition("::")[0] for choice in left):
            names = ", ".join(one.test.partition("::")[2] for one in left if one.test.startswith(f"{module}::"))
            terminalreporter.write_line(f"  {module}: {names}")


def pytest_configure(config: pytest.Config) -> None:
    minutes = float(os.environ.get("MECH_TEST_MINUTES") or 25)
    if minutes and not config.option.collectonly:
        began = float(os.environ.get("MECH_TEST_BEGAN") or time.time())
        config.pluginmanager.register(Selection(minutes, began), "mech-selection")
