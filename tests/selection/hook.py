"""Notes, in every Python process of a recorded run, which blocks it runs and which of the repository's files it reads.

`recording.py` has each start of Python import this (a .pth file, which reaches daemons and plugins whatever their
environment). Each process marks bytes of a file that it maps into its memory: nothing is lost when it is killed, and
the run reads and clears the marks of processes that go on.
"""

from __future__ import annotations

import hashlib
import importlib.abc
import importlib.machinery
import json
import marshal
import mmap
import os
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import CodeType, FrameType, ModuleType

from tests.selection import blocks

MARKS = "__mech_marks__"
SIZE = 1 << 16  # blocks that one process can have
PRODUCT = ("mech_infra", "mech_ops", "policies", "sandbox")
PACKAGES = (*PRODUCT, "tests.sandbox", "tests.scenarios", "tests.unit.providers")
_importing = threading.local()


class Notes:
    """One process's notes: NAME.marks, a byte a block, and NAME.lines, which says what the bytes are and what was read."""

    def __init__(self, folder: Path, root: Path) -> None:
        self._root = f"{root}{os.sep}"
        name = f"{os.getpid()}-{time.time_ns()}"
        self._lines = (folder / f"{name}.lines").open("a", buffering=1)
        with (folder / f"{name}.marks").open("wb+") as file:
            file.truncate(SIZE)
            self._marks = mmap.mmap(file.fileno(), SIZE)
        self._code = folder / "code"
        self._code.mkdir(exist_ok=True)
        self._next = 0
        self._read: set[str] = set()
        self._lock = threading.Lock()

    def code(self, source: str, place: str) -> tuple[CodeType, list[str]]:
        """The code of the file at `place` with marks in it, and its blocks' names; each is made once in a run."""
        cached = self._code / hashlib.sha256(f"{place}\n{source}".encode()).hexdigest()
        try:
            code, names = marshal.loads(cached.read_bytes())
        except OSError:
            tree, names = blocks.marked(source, MARKS)
            code = compile(tree, place, "exec", dont_inherit=True)
            fresh = cached.with_name(f"{cached.name}.{os.getpid()}")
            fresh.write_bytes(marshal.dumps((code, names)))
            fresh.replace(cached)
        return code, names

    def bytes_for(self, path: str, names: list[str]) -> memoryview:
        """Where this file's blocks are marked; `path` is its name in the repository."""
        with self._lock:
            begin, self._next = self._next, self._next + len(names)
        if self._next > SIZE:
            raise RuntimeError(f"more than {SIZE} blocks in one process")
        self._lines.write(json.dumps([path, begin, names]) + "\n")
        return memoryview(self._marks)[begin : begin + len(names)]

    def audit(self, event: str, arguments: tuple[object, ...]) -> None:
        """A hook for sys.addaudithook: files of the repository that are read and folders that are listed, but not by imports."""
        if event not in ("open", "os.listdir", "os.scandir") or getattr(_importing, "now", False):
            return
        path = arguments[0]
        if (
            not isinstance(path, str)
            or path in self._read
            or (event == "open" and arguments[1] not in ("r", "rb", None))
        ):
            return
        name = self._name(path)
        if name.endswith(".py") and _for_a_traceback():
            return
        self._read.add(path)
        if name:
            self._lines.write(json.dumps([name if event == "open" else f"{name}/"]) + "\n")

    def _name(self, path: str) -> str:
        """What the repository calls the file; a copy or a link of a product's folder elsewhere counts as well. "": none."""
        if path.startswith(self._root):
            name = path[len(self._root) :]
        else:
            place = min((at for package in PRODUCT[:3] if (at := path.find(f"/{package}/")) >= 0), default=-1)
            name = path[place + 1 :] if place >= 0 else ""
        # Tests are read by pytest, all of them, and known by their names; not so a script beside one.
        known = name.startswith("tests/") and not name.endswith(".sh")
        return "" if known or name.startswith(".") or "__pycache__" in name else name


def _for_a_traceback() -> bool:
    """Whether the file is read for its lines only, as the SDK does for each resource that it registers."""
    frame: FrameType | None = sys._getframe(2)
    while frame and frame.f_code.co_filename.endswith(("/linecache.py", "/tokenize.py")):
        frame = frame.f_back
    return frame is not None and frame.f_code.co_filename.endswith("/traceback.py")


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, path: str, notes: Notes) -> None:
        super().__init__(name, path)
        self._notes = notes

    def get_code(self, fullname: str) -> CodeType:
        """For `python -m`, which runs the code as the main module."""
        return self._prepared(fullname, sys.modules["__main__"])

    def exec_module(self, module: ModuleType) -> None:
        exec(self._prepared(module.__name__, module), module.__dict__)

    def _prepared(self, name: str, module: ModuleType) -> CodeType:
        _importing.now = True
        try:
            code, names = self._notes.code(self.get_source(name) or "", self.get_filename(name))
        finally:
            _importing.now = False
        path = name.replace(".", "/") + ("/__init__.py" if self.is_package(name) else ".py")
        module.__dict__[MARKS] = self._notes.bytes_for(path, names)
        return code


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not f"{name}.".startswith(tuple(f"{package}." for package in PACKAGES)):
            return None
        _importing.now = True
        try:
            found = importlib.machinery.PathFinder.find_spec(name, path, target)
        finally:
            _importing.now = False
        if found and isinstance(found.loader, importlib.machinery.SourceFileLoader) and found.origin:
            found.loader = _Loader(name, found.origin, self._notes)
        return found


def begin(folder: str) -> None:
    """Note what this process does from now on, in files in the folder."""
    if not Path(folder).is_dir() or any(isinstance(finder, _Finder) for finder in sys.meta_path):
        return
    notes = Notes(Path(folder), Path(__file__).resolve().parents[2])
    sys.meta_path.insert(0, _Finder(notes))
    sys.addaudithook(notes.audit)
