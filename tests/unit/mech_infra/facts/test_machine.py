from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mech_infra.facts.host import machine


def saying(monkeypatch: pytest.MonkeyPatch, units: str = "", kernel: str = "", errors: str = "") -> None:
    def run(*argv: str, timeout: int) -> tuple[int, str]:
        assert timeout <= 6
        said = units if argv[0] == "systemctl" else kernel if "-k" in argv else errors
        return 0 if said else 1, said

    monkeypatch.setattr(machine, "run", run)
    monkeypatch.setattr(machine, "counted", lambda room: [])


def test_a_machine_that_is_well(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    saying(monkeypatch)
    found = machine.machine(f"{tmp_path}/lock")
    assert found["cpus"] >= 1 and len(found["load"]) == 3 and found["uptime_s"] > 0
    assert 0 < found["memory"]["available"] < found["memory"]["total"]
    assert machine.ram()["total"] == found["memory"]["total"]
    assert found["synchronized"] in (True, False, None)
    assert (found["failed_units"], found["oom"], found["errors"], found["apt_lock"]) == ([], [], [], "")


def test_what_failed_and_what_was_killed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    killed = "2026-11-27T02:33:37+0000 mech kernel: Memory cgroup out of memory: Killed process 71 (node) total-vm:1kB"
    saying(
        monkeypatch,
        "mech-data.service loaded failed failed Mech: data volume\nnginx.service loaded failed failed nginx\n",
        f"-- Journal begins at Thu --\n{killed}\n",
        "2026-11-27T02:33:37+0000 mech dockerd[9]: " + "x" * 1000 + "\n",
    )
    found = machine.machine(f"{tmp_path}/lock")
    assert found["failed_units"] == ["mech-data.service", "nginx.service"]
    assert found["oom"] == [killed]
    assert [len(line) for line in found["errors"]] == [300]


def test_what_cgroups_count_of_either_version(tmp_path: Path) -> None:
    one, two = tmp_path / "memory/docker/abc", tmp_path / "system.slice/docker-def.scope"
    for room, name, text in (
        (one, "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n"),
        (two, "memory.events.local", "low 0\noom 1\noom_kill 1\noom_group_kill 0\n"),
        (two / "well", "memory.events.local", "oom 0\noom_kill 0\n"),
    ):
        room.mkdir(parents=True)
        (room / name).write_text(text)
    assert machine.counted(str(tmp_path)) == [
        "/docker/abc: 2 killed since it began", "/system.slice/docker-def.scope: 1 killed since it began",
    ]  # fmt: skip


def test_who_holds_apts_lock(tmp_path: Path) -> None:
    lock = tmp_path / "lock-frontend"
    assert machine.holder(str(lock)) == ""
    lock.touch()
    assert machine.holder(str(lock)) == ""
    holds = "import fcntl, sys; f = open(sys.argv[1], 'w'); fcntl.lockf(f, fcntl.LOCK_EX); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", holds, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout
        other.stdout.readline()
        assert machine.holder(str(lock)).startswith("python")
        other.communicate(b"\n")
    assert machine.holder(str(lock)) == ""


def test_what_is_critical_is_read_for_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []

    def run(*argv: str, timeout: int) -> tuple[int, str]:
        asked.append(argv)
        return 0, "-- Boot --\n2026-11-27T02:33:37+0000 mech kernel: broken\n"

    monkeypatch.setattr(machine, "run", run)
    assert machine.critical() == ["2026-11-27T02:33:37+0000 mech kernel: broken"]
    # journalctl goes by the last of the same option.
    assert [argv[at + 1] for argv in asked for at, word in enumerate(argv) if word == "--since"][-1] == "-24h"
