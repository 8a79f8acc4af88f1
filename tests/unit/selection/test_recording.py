"""A recorded run: what other processes run is noted, whatever becomes of them; and the map says the same when it is read again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.selection import touched
from tests.selection.recording import Marks
from tests.selection.touched import Record

PROGRAM = """
import sys
sys.path.insert(0, {root!r})
from tests.selection.hook import begin
begin({folder!r})
from sandbox import network, settings
for name in ("policies/PulumiPolicy.yaml", "tests/sandbox/test_official_plugins/vultr.sh", "tests/__init__.py"):
    open({root!r} + "/" + name).close()
print("imported", flush=True)
sys.stdin.readline()
network.inside(settings.load("main"))
print("ran", flush=True)
sys.stdin.readline()
"""
FILE = "sandbox/settings.py"


def test_a_process_that_is_killed_has_said_what_it_ran(tmp_path: Path) -> None:
    argv = [sys.executable, "-S", "-c", PROGRAM.format(root=str(touched.ROOT), folder=str(tmp_path))]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdin
        assert process.stdout.readline() == "imported\n"
        marks = Marks(tmp_path)
        first = marks.take()
        assert {(FILE, "<module>#0"), ("policies/PulumiPolicy.yaml", "")} <= first
        assert {path for path, _ in first if path.startswith("tests/")} == {
            "tests/sandbox/test_official_plugins/vultr.sh"
        }
        assert not first & {(FILE, "load#0"), (FILE, "")}  # not called, and imported: not read as a text
        print(file=process.stdin, flush=True)
        assert process.stdout.readline() == "ran\n"
        process.kill()
    then = marks.take()
    assert {(FILE, "load#0"), ("sandbox/network/inside.sh", "")} <= then
    assert (FILE, "<module>#0") not in then  # told once
    assert list(tmp_path.glob("*.marks")) == []


def test_the_map_is_the_same_when_it_is_read_again(tmp_path: Path) -> None:
    records = {
        "a.py::one": Record(1.5, 60.0, {("mech_infra/a.py", "f#0"): "12", ("mech_infra/", "/"): "34"}),
        "a.py::failed": Record(2.0, 0.0),
    }
    touched.save(records, tmp_path / "map.json")
    assert touched.load(tmp_path / "map.json") == records
