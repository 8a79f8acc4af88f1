"""`python -m tests.selection --explain [BASE]`: what a change needs, why, and how long it takes; `record [pytest's arguments]`."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import signal
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import pytest

from . import plugin, recording, touched

RINGS = ("tests/sandbox", "tests/scenarios")
MINUTES = 19.0  # what `make test` leaves them


def record(arguments: list[str]) -> int:
    """Run pytest with all that its processes do noted. Returns pytest's exit code."""
    start = Path(sysconfig.get_path("purelib")) / "mech-selection.pth"
    with tempfile.TemporaryDirectory(prefix="mech-selection-") as folder:
        root = str(touched.ROOT)
        start.write_text(
            f"import sys; sys.path.insert(0, {root!r}); from tests.selection.hook import begin; "
            f"sys.path.remove({root!r}); begin({folder!r})\n"
        )
        argv = [sys.executable, "-m", "pytest", "-p", "tests.selection.recording", *(arguments or RINGS)]
        environment = {**os.environ, recording.FOLDER: folder}
        try:
            with subprocess.Popen(argv, cwd=root, env=environment) as run:
                signal.signal(signal.SIGTERM, lambda *_: run.terminate())
                return run.wait()
        finally:
            start.unlink()


class _Collected:
    def __init__(self) -> None:
        self.items: list[pytest.Item] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.items = list(session.items)


def collected() -> list[pytest.Item]:
    """All tests of the real engine. Raises SystemExit with pytest's words where they cannot be collected."""
    found, said = _Collected(), io.StringIO()
    with contextlib.redirect_stdout(said):
        code = pytest.main(["--collect-only", "-q", *RINGS], plugins=[found])
    if code:
        raise SystemExit(said.getvalue())
    return found.items


def explain(base: str, minutes: float) -> None:
    """A table: test, seconds, why."""
    items = collected()
    plan = plugin.planned(items, minutes * 60, base)
    for title, choices in (("run", plan.chosen), ("not run, for time", plan.left)):
        print(f"\n{title}: {len(choices)} of {len(items)}, {sum(one.seconds for one in choices) / 60:.0f} min")
        for one in choices:
            print(f"{one.test.removeprefix('tests/'):110} {one.seconds:5.0f} s  {one.why}")


def main() -> int:
    if sys.argv[1:2] == ["record"]:
        return record(sys.argv[2:])
    parser = argparse.ArgumentParser(prog="python -m tests.selection", description=__doc__)
    parser.add_argument(
        "--explain", nargs="?", const="", metavar="BASE", required=True, help="the commit to compare with"
    )
    parser.add_argument("--minutes", type=float, default=MINUTES, help="how long they may take (%(default)s)")
    given = parser.parse_args()
    explain(given.explain, given.minutes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
