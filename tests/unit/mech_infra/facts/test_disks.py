from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mech_infra.commands.volume import DATA
from mech_infra.facts.host import disks
from mech_infra.facts.host.disks import LargeLogs, Mounted, ShortOfSpace

from .conftest import container, recorded, told, word


def fs(path: str, used: int = 1, free: int = 99, inodes_used: int = 1, inodes_free: int = 99) -> dict[str, Any]:
    """All on one device; room in GB."""
    return {"path": path, "device": 1, "used": used * 10**9, "free": free * 10**9, "inodes_used": inodes_used, "inodes_free": inodes_free}  # fmt: skip


def test_the_host_as_declared_shows_nothing() -> None:
    assert word(Mounted(DATA), recorded()) == "mounted"
    assert told(ShortOfSpace(), recorded()) == told(LargeLogs(), recorded()) == []


def test_the_data_volume_is_mounted() -> None:
    assert word(Mounted(DATA), recorded(mounts=[["/dev/vda", "/"]])) == "not mounted"


@pytest.mark.parametrize(
    ("space", "says"),
    [
        (
            [fs("/", used=91, free=9), fs("/var/lib/docker", used=91, free=9)],
            "/ is 91 % full, 9.0 GB free: du -xh -d3 /",
        ),
        ([fs("/data", inodes_used=99, inodes_free=1)], "/data is 99 % out of inodes"),
    ],
)
def test_a_filesystem_that_fills_is_named_once(space: list[dict[str, Any]], says: str) -> None:
    (said,) = told(ShortOfSpace(), recorded(space=space))
    assert says in said
    assert told(ShortOfSpace(), recorded(space=[fs("/", used=89, free=11)])) == []


def test_logs_that_nobody_cuts(tmp_path: Path) -> None:
    (tmp_path / "x.log").write_bytes(b"x" * 300_000)
    (tmp_path / "small.log").write_bytes(b"x")
    with (tmp_path / "hole.log").open("wb") as hole:
        hole.truncate(10**9)
    (about,) = disks.logs([f"{tmp_path}/**"], 200_000)
    assert about["path"] == f"{tmp_path}/x.log"
    assert told(LargeLogs(), recorded(logs=[{**about, "bytes": 157_300_000}])) == [
        f"not well: {tmp_path}/x.log takes 157.3 MB: logrotate /etc/logrotate.conf"
    ]
    mine = {"path": "/var/lib/docker/containers/1/1-json.log", "bytes": 2_000_000_000}
    (said,) = told(LargeLogs(), recorded(logs=[mine], docker={"containers": [container("llm")]}))
    assert "the log of the container llm takes 2.0 GB" in said


def test_when_logrotate_ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disks, "run", lambda *argv, timeout: (0, "ActiveState=active\n"))
    assert disks.rotation(f"{tmp_path}/status") == {"ran_s": None, "timer": "active"}
    (tmp_path / "status").touch()
    assert 0 <= disks.rotation(f"{tmp_path}/status")["ran_s"] < 60
