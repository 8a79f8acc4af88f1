"""The one text: it runs where nothing of ours is, and what stands on the host is put there and taken away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mech_infra.commands import heal as commands
from mech_infra.commands.ssh import VIGIL_MARK
from mech_infra.heal import program
from tests.unit.mech_infra.commands.rig import Rig

from .docker import FakeDocker
from .host import ORDER, Host


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


@pytest.fixture
def docker(tmp_path: Path) -> Iterator[FakeDocker]:
    fake = FakeDocker(tmp_path / "docker.sock", Host())
    yield fake
    fake.close()


def text(docker: FakeDocker, tmp_path: Path) -> str:
    """For a host of one service: the machine's own disk and mounts are read, and only reader stands on neither."""
    alone = {**ORDER, "containers": [{**one, "calls": []} for one in ORDER["containers"] if one["service"] == "reader"]}
    alone["sites"] = {}
    alone["limits"] = {**ORDER["limits"], "disk_percent": 101}
    whole = (
        program.text(alone)
        .replace("/run/docker.sock", str(docker.path))
        .replace("/run/mech-heal.lock", f"{tmp_path}/lock")
        # Nor is the engine asked for that another sandbox of this machine has.
        .replace(VIGIL_MARK, f"vigil-of-{tmp_path.name}")
    )
    return whole.replace("FULL, MEMORY_GONE = 98, 3", "FULL, MEMORY_GONE = 101, 0")


def test_it_heals_with_the_standard_library_alone_and_remembers(rig: Rig, docker: FakeDocker, tmp_path: Path) -> None:
    docker.host.is_("mech-reader", "exited")
    order = "\n".join(["python3 -I -S - --who tester <<'END'", text(docker, tmp_path) + "END", ""])
    done = rig.run(order, check=False)
    assert (
        done.stdout == "mech-reader: restart (it is exited (exit code 0)): restarted, well after 0 s\nnothing is ill\n"
    )
    assert (done.returncode, docker.asked) == (0, ["/containers/idmechreader/restart?t=30"])
    assert "is not defined" not in done.stderr
    assert '"who": "tester"' in rig.read("/var/log/mech/heal.jsonl")
    docker.host.is_("mech-reader", "exited")
    done = rig.run(order, check=False)
    assert done.returncode == 2 and "left alone: mech-reader: one try within an hour" in done.stdout
    assert len(docker.asked) == 1


def test_nothing_of_ours_is_imported_and_nothing_is_secret() -> None:
    whole = program.text(ORDER)
    assert not re.search(r"^(from|import) mech_infra", whole, re.M)
    assert len(whole.encode()) < 100_000, "a command of ssh has room for 128 kB"


def test_it_is_put_there_with_its_timer_and_changes_nothing_the_second_time(rig: Rig) -> None:
    install = commands.install("#!/usr/bin/python3\nprint()\n", 90)
    for _ in range(2):
        assert rig.run(install).stdout == "heals by mech-heal.timer\n"
        assert rig.mode(commands.PROGRAM) == "755"
        assert "OnUnitInactiveSec=90\n" in rig.read("/etc/systemd/system/mech-heal.timer")
    # What is declared is what stands there, to the byte: the sensor goes by that.
    for path, content in commands.files("#!/usr/bin/python3\nprint()\n", 90).items():
        assert rig.read(path) == rig.moved(content)
    assert rig.called("systemctl (enable|restart)")[:2] == [
        "systemctl enable -q mech-heal.timer",
        "systemctl restart mech-heal.timer",
    ]


def test_it_is_taken_away_whole_and_its_log_stays(rig: Rig) -> None:
    rig.write("/var/log/mech/heal.jsonl", "{}\n")
    rig.run(commands.install("x\n", 90))
    rig.forget()
    for _ in range(2):
        assert rig.run(commands.remove()).stdout == "heals no more\n"
    assert [path for path in commands.MODES if rig.path(path).exists()] == []
    assert rig.calls[0] == "systemctl disable -q --now mech-heal.timer"
    assert rig.read("/var/log/mech/heal.jsonl") == "{}\n"
