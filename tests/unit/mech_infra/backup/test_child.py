"""Other programs: ended when they are too slow, or when we are; what they say, and what they are told in secret."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mech_infra.backup import child, taking
from mech_infra.backup.words import Failed


def test_it_is_told_in_secret_by_standard_input_and_its_output_goes_into_a_file(tmp_path: Path) -> None:
    done = child.run("sh", "-c", "cat; echo said >&2; exit 3", limit_s=10, given=b"secret", into=tmp_path / "out")
    assert (done.code, done.out, done.err) == (3, "", "said\n")
    assert (tmp_path / "out").read_bytes() == b"secret"


def test_one_that_is_too_slow_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    begun = time.monotonic()
    with pytest.raises(Failed) as why:
        child.run("sh", "-c", f"sleep 60 & echo $! >{tmp_path}/pid; wait", limit_s=1)
    assert why.value.code == "TOO_SLOW" and time.monotonic() - begun < 20
    assert gone(int((tmp_path / "pid").read_text()))


def test_one_that_is_not_there_is_told() -> None:
    with pytest.raises(Failed, match="mech-nobody cannot be run"):
        child.run("mech-nobody", limit_s=1)


def test_a_run_that_is_killed_takes_its_children_with_it(tmp_path: Path) -> None:
    text = f"from mech_infra.backup import child; child.run('sh', '-c', 'echo $$ >{tmp_path}/pid; exec sleep 60', limit_s=60)"
    run = subprocess.Popen([sys.executable, "-c", text])
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text().strip():
        time.sleep(0.05)
    run.send_signal(signal.SIGKILL)
    run.wait()
    assert gone(int((tmp_path / "pid").read_text()))


def gone(pid: int) -> bool:
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if ") Z " in Path(f"/proc/{pid}/stat").read_text():  # nobody waits for it
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize(
    ("argv", "says"),
    [(("restic", "--json", "backup"), "restic backup"), (("docker", "exec", "-i", "mongodb", "mongodump", "--archive"), "mongodump in mongodb")],
)  # fmt: skip
def test_what_runs_is_told_in_a_word(argv: tuple[str, ...], says: str) -> None:
    assert child.name(argv) == says


def test_a_disk_without_room_is_told_before_anything_is_written(tmp_path: Path) -> None:
    taking.room(0, tmp_path / "new")
    with pytest.raises(Failed) as why:
        taking.room(1 << 60, tmp_path)
    assert why.value.code == "DISK_FULL" and str(tmp_path) in why.value.says
    assert taking.full(OSError(28, "No space left on device", "/x")).code == "DISK_FULL"
