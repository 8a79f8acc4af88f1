"""Whether an engine is at work on the host, by the watch that it keeps there."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from mech_infra.commands.ssh import VIGIL_MARK
from mech_infra.drift import watchdog
from mech_infra.facts.host.engine import engine


@contextmanager
def running(*words: str) -> Iterator[None]:
    text = "import time; print(flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", text, *words], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    try:
        yield
    finally:
        process.kill()
        process.communicate()


def test_the_watch_of_an_engine_bears_the_mark() -> None:
    argv = watchdog.command({"identity": "~/.ssh/id", "host": "192.0.2.9", "host_key": "ssh-ed25519 AAAA"})
    assert argv[-1].split()[-1] == VIGIL_MARK


def test_an_engine_is_at_work_as_long_as_its_watch_lives() -> None:
    mark = "a-watch-of-this-test-alone"
    assert not engine(mark, 60)
    with running(mark):
        assert engine(mark, 60)
        time.sleep(0.05)
        assert not engine(mark, 0.01), "one that was left behind"
    with running(f"grep {mark}"):
        assert not engine(mark, 60)
    assert not engine(mark, 60)
