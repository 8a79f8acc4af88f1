"""How gently it works: rests after what Docker was asked for, a dump that is read slowly, and at full speed where nobody asked."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from mech_infra.backup import child, pacing

MIB = 1 << 20
# Writes so many pieces of 64 KiB, and tells after each how many it has got rid of.
WRITER = "import os, sys\nfor n in range(int(sys.argv[1])):\n os.write(1, bytes(65536)); os.write(2, b'%d\\n' % n)"


@pytest.fixture
def rests(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What was rested, in seconds, instead of doing so."""
    found: list[float] = []
    monkeypatch.setattr(pacing, "rest", lambda took: found.append(took) if pacing.rate() else None)
    return found


def test_a_rest_is_seven_times_what_was_asked_for_and_no_longer_than_some_seconds() -> None:
    slept: list[float] = []
    pacing.rest(0.2, slept.append)
    assert slept == []
    with pacing.gently(20):
        pacing.rest(0.2, slept.append)
        pacing.rest(600, slept.append)
    pacing.rest(0.2, slept.append)
    assert slept == pytest.approx([1.4, 3.0])


def test_what_docker_is_asked_for_is_followed_by_a_rest(
    rests: list[float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "docker").write_text("#!/bin/sh\nsleep 0.2\n")
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    child.run("docker", "ps", limit_s=10)
    with pacing.gently(20):
        child.run("sh", "-c", "sleep 0.1", limit_s=10)  # our own process, which gives way by itself
        child.run("docker", "ps", limit_s=10)
    assert len(rests) == 1 and rests[0] >= 0.2


def test_a_dump_is_read_no_faster_than_that_and_is_whole(tmp_path: Path) -> None:
    """The writer is held back meanwhile, as mongodump is: it has written no more than was taken from it and a pipe holds."""
    begun = time.monotonic()
    with pacing.gently(2):
        done = child.run(sys.executable, "-c", WRITER, "32", limit_s=20, into=tmp_path / "dump")
    took = time.monotonic() - begun
    assert (done.code, done.out) == (0, "") and (tmp_path / "dump").read_bytes() == bytes(32 * 65536)
    assert 0.9 < took < 5, "2 MiB at 2 MiB a second"


def test_its_writer_waits_while_nobody_reads() -> None:
    reads, writes = os.pipe()
    writer = subprocess.Popen([sys.executable, "-c", WRITER, "32"], stdout=writes, stderr=subprocess.PIPE, text=True)
    os.close(writes)
    into = io.BytesIO()
    with os.fdopen(reads, "rb", buffering=0) as source:
        pouring = threading.Thread(target=pacing.pour, args=(source, into, MIB))
        pouring.start()
        time.sleep(1)
        assert writer.poll() is None and 0 < len(into.getvalue()) <= 1.5 * MIB
        pouring.join(10)
    told = writer.communicate(timeout=5)[0]
    assert told is None and len(into.getvalue()) == 2 * MIB


def test_a_disk_that_is_full_while_it_is_read_is_told_and_ends_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(source: object, to: object, rate: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pacing, "pour", full)
    with pacing.gently(20), pytest.raises(OSError, match="No space left"):
        child.run(sys.executable, "-c", WRITER, "100000", limit_s=20, into=tmp_path / "dump")
