"""A recorded run: a pytest plugin that notes what each test that passed ran and read, in all processes, in touched.json.

What the set-up of a fixture ran belongs to each test that uses it, whoever was the first; what collecting ran, to all.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from . import touched
from .touched import Part, Record, Tree

FOLDER = "MECH_SELECTION_FOLDER"  # where the hooks of all processes note
_GUIDE = "tests/scenarios/guide/"


class Marks:
    """What all processes noted since it was asked before."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take(self) -> set[Part]:
        found: set[Part] = set()
        for lines in sorted(self._folder.glob("*.lines")):
            marks = lines.with_suffix(".marks")
            gone = not Path(f"/proc/{lines.name.partition('-')[0]}").exists()
            try:
                found |= self._one(lines, marks)
            except FileNotFoundError:  # it has only just begun
                continue
            if gone:
                lines.unlink()
                marks.unlink()
        return found

    def _one(self, lines: Path, marks: Path) -> set[Part]:
        found: set[Part] = set()
        text = lines.read_text()
        ours = lines.name.startswith(f"{os.getpid()}-")  # pytest and tests read programs to copy or to look at them
        with marks.open("rb+") as file:
            raw = file.read()
            for line in text.splitlines():
                path, *rest = json.loads(line)
                if not rest:
                    if not (ours and path.endswith((".py", "/"))):
                        found.add((path, "/" if path.endswith("/") else ""))
                    continue
                begin, names = rest
                for number, name in enumerate(names, begin):
                    if raw[number]:
                        found.add((path, name))
                        file.seek(number)
                        file.write(b"\0")
        return found


class Recorder:
    def __init__(self, folder: Path) -> None:
        self._marks = Marks(folder)
        self._tree = Tree()
        self._records = touched.load()
        self._imported: set[Part] = set()
        self._fixtures: dict[str, set[Part]] = {}
        self._ran: set[Part] = set()
        self._passed, self._seconds, self._setup = True, 0.0, 0.0
        self._saved = time.monotonic()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self) -> None:
        self._imported = {part for part in self._marks.take() if not part[0].startswith(_GUIDE)}

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[object]) -> Generator[None, object, object]:
        self._ran |= self._marks.take()
        try:
            return (yield)
        finally:
            self._fixtures.setdefault(fixturedef.argname + fixturedef.baseid, set()).update(self._marks.take())

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._passed &= report.passed
        if report.when == "setup":
            self._setup = report.duration
        else:
            self._seconds += report.duration

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self._marks.take()  # what goes on between two tests is nobody's
        self._ran, self._passed, self._seconds = set(), True, 0.0
        answer = yield
        ran = self._ran | self._marks.take()
        if item.get_closest_marker("brings_up"):
            self._fixtures.setdefault("platform", set()).update(ran)
        names: dict[str, list[pytest.FixtureDef[object]]] = getattr(item, "_fixtureinfo").name2fixturedefs  # noqa: B009
        for name, definitions in names.items():
            ran |= self._fixtures.get(name + definitions[-1].baseid, set())
            ran |= self._fixtures.get(name, set())
        self._note(item, ran | self._imported)
        return answer

    def _note(self, item: pytest.Item, ran: set[Part]) -> None:
        """Who failed has no parts, and so is run the next time whatever changes."""
        own = {(path, "") for path in (*touched.own(item.nodeid), *self._tree.of_all())}
        parts = {part: digest for part in ran | own if (digest := self._tree.digest(part))}
        self._records[item.nodeid] = Record(self._seconds, self._setup, parts if self._passed else {})
        if time.monotonic() > self._saved + 60:  # it may be ended at any time
            self.pytest_sessionfinish()

    def pytest_sessionfinish(self) -> None:
        touched.save(self._records)
        self._saved = time.monotonic()


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Recorder(Path(os.environ[FOLDER])), "mech-recorder")
