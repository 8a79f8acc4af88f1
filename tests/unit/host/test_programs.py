"""The programs of a boot, in a folder: each does its part with what it is given, and becomes the next."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from sandbox import network, settings
from sandbox.host import blocks, boot
from sandbox.host.cgroups import Hierarchy
from sandbox.host.run import shell

LAST = ["printf", "%s|", "last", "a b", "$HOME", "--"]
SAID = "last|a b|$HOME|--|"


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Commands that only note what they were asked, in this file."""
    file = tmp_path / "asked"
    (tmp_path / "bin").mkdir()
    for name in ("ip", "mount", "mknod"):
        command = tmp_path / "bin" / name
        shutil.copy(Path(__file__).with_suffix("") / "note.sh", command)
        command.chmod(0o755)
    monkeypatch.setenv("ASKED", str(file))
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    return file


def said(argv: list[str]) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def test_it_joins_every_group_and_becomes_the_next(tmp_path: Path) -> None:
    groups = [tmp_path / "cpu", tmp_path / "a folder"]
    assert said([*shell(boot.__file__, "join", *map(str, groups), "--"), *LAST]) == SAID
    assert [group.read_text() for group in groups] == ["0\n", "0\n"]


def test_each_address_is_given_before_the_way_out(asked: Path) -> None:
    assert said([*network.inside(settings.load("main"), "10.77.0.9", "10.77.0.20"), *LAST]) == SAID
    lines = [line for line in asked.read_text().splitlines() if "show" not in line]
    assert lines == [
        "ip link set lo up",
        "ip addr add 10.77.0.9/24 dev eth0",
        "ip addr add 10.77.0.20/24 dev eth0",
        "ip link set eth0 up",
        "ip route add default via 10.77.0.1",
    ]


def test_each_hierarchy_is_mounted_with_its_options_or_without(tmp_path: Path, asked: Path) -> None:
    root = tmp_path / "a root"
    (root / "dev").mkdir(parents=True)
    groups = [
        *Hierarchy(Path("/sys/fs/cgroup/systemd"), "cgroup", "none,name=systemd").words,
        *Hierarchy(Path("/sys/fs/cgroup/unified"), "cgroup2", "").words,
    ]
    assert said([*shell(boot.__file__, "mounts", str(root), *groups, "--"), *LAST]) == SAID
    lines = [line for line in asked.read_text().splitlines() if " cgroup " in line]
    assert lines == [
        f"mount -t cgroup -o none,name=systemd cgroup {root}/sys/fs/cgroup/systemd",
        f"mount -t cgroup2 cgroup {root}/sys/fs/cgroup/unified",
    ]
    assert (root / "sys/fs/cgroup/unified").is_dir() and (root / "dev/stdout").readlink() == Path("/proc/self/fd/1")


def test_a_disk_has_its_number_and_its_name(tmp_path: Path, asked: Path) -> None:
    show = shell(blocks.__file__, "show", str(tmp_path), "vdb", "7", "9", "ewr-1")
    assert said([*show, *show, *LAST]) == SAID  # one after the other, and again
    assert said(show) == ""
    assert asked.read_text().splitlines() == [f"mknod {tmp_path}/vdb b 7 9"] * 3
    assert (tmp_path / "disk/by-id/virtio-ewr-1").readlink() == Path("../../vdb")
