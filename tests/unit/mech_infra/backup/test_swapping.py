"""Redis' files change places, and whenever that is cut off, what was there is there again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mech_infra.backup import swapping


@pytest.fixture
def room(tmp_path: Path) -> Path:
    room = tmp_path / "redis"
    (room / "appendonlydir").mkdir(parents=True)
    (room / "dump.rdb").write_text("former")
    (room / "appendonlydir/appendonly.aof.manifest").write_text("former log")
    return room


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "redis.rdb"
    path.write_text("snapshot")
    return path


def there(room: Path) -> dict[str, str]:
    return {str(path.relative_to(room)): path.read_text() for path in room.rglob("*") if path.is_file()}


def test_with_a_log_redis_reads_the_snapshot_by_it(room: Path, saved: Path) -> None:
    swapping.put(saved, True, room)
    swapping.forget(room)
    assert there(room) == {
        "dump.rdb": "snapshot",
        "appendonlydir/appendonly.aof.1.base.rdb": "snapshot",
        "appendonlydir/appendonly.aof.manifest": "file appendonly.aof.1.base.rdb seq 1 type b\n",
    }


def test_without_a_log_no_former_one_stays(room: Path, saved: Path) -> None:
    swapping.put(saved, False, room)
    swapping.forget(room)
    assert there(room) == {"dump.rdb": "snapshot"}


def test_into_an_empty_folder(tmp_path: Path, saved: Path) -> None:
    (tmp_path / "new").mkdir()
    swapping.put(saved, True, tmp_path / "new")
    assert swapping.back(tmp_path / "new")
    assert there(tmp_path / "new") == {}


class Killed(BaseException):
    pass


@pytest.mark.parametrize("after", range(12))
def test_cut_off_anywhere_the_former_files_are_put_back(
    room: Path, saved: Path, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each rename, removal and mark may be the last thing that it does; putting back may be cut off, too."""
    before = there(room)
    left = after

    def counted(does: Callable[..., object]) -> Callable[..., object]:
        def call(*given: object, **more: object) -> object:
            nonlocal left
            if left == 0:
                raise Killed
            left -= 1
            return does(*given, **more)

        return call

    for name in ("rename", "touch", "unlink"):
        monkeypatch.setattr(Path, name, counted(getattr(Path, name)))
    try:
        swapping.put(saved, False, room)
        swapping.back(room)
        assert after > 6
    except Killed:
        pass
    monkeypatch.undo()
    swapping.back(room)
    found = there(room)
    found.pop("dump.rdb.restored", None)
    assert found == before


def test_redis_keeps_a_log_as_its_config_says(tmp_path: Path) -> None:
    config = tmp_path / "redis.conf"
    config.write_text("appendonly no\n")
    assert not swapping.logs(config)
    config.write_text("save 60 1\nappendonly yes\n")
    assert swapping.logs(config)
