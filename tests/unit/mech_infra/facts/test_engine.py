"""Whether an engine is at work on the host, by the watch that it keeps there."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from mech_infra.drift import watchdog
from mech_infra.facts.host.engine import SIGN, engine


@contextmanager
def running(text: str) -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-c", text], stdin=subprocess.PIPE)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def test_the_watch_of_an_engine_begins_so() -> None:
    assert watchdog.VIGIL.read_text().startswith(SIGN)


def test_an_engine_is_at_work_as_long_as_its_watch_lives() -> None:
    sign = "# a watch of this test alone"
    assert not engine(sign, 60)
    with running(f"{sign}\nimport time\ntime.sleep(60)"):
        assert engine(sign, 60)
        time.sleep(0.05)
        assert not engine(sign, 0.01), "one that was left behind"
    with running(f"import time\n{sign}\ntime.sleep(60)"):
        assert not engine(sign, 60)
