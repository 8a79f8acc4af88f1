"""Clones of several versions on one machine: each has the hosts' system of its own recipe, and takes no other's away."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from sandbox.host import rootfs
from sandbox.settings import Settings

DAY_S = 24 * 3600


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(rootfs, "_check_tools", lambda: None)
    monkeypatch.setattr(rootfs, "_build", lambda target, log, progress: (target / "etc").mkdir())
    return Settings("one", tmp_path / "state" / "one", tmp_path / "cache", 7)


def built(settings: Settings, monkeypatch: pytest.MonkeyPatch, recipe: str) -> Path:
    monkeypatch.setattr(rootfs, "recipe", lambda: recipe)
    rootfs.ensure(settings, lambda line: None)
    assert rootfs.ready(settings)
    return rootfs.system(settings)


def aged(path: Path) -> None:
    before = time.time() - 2 * DAY_S
    os.utime(path, (before, before))


def test_another_recipe_takes_nothing_away(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = built(settings, monkeypatch, "aaaa"), built(settings, monkeypatch, "bbbb")
    assert first != second and (first / "etc").is_dir() and (second / "etc").is_dir()
    monkeypatch.setattr(rootfs, "recipe", lambda: "aaaa")
    assert rootfs.ready(settings) and rootfs.system(settings) == first


def test_one_that_nobody_wanted_for_a_day_goes(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = built(settings, monkeypatch, "aaaa"), built(settings, monkeypatch, "bbbb")
    aged(first)
    aged(second)
    assert built(settings, monkeypatch, "bbbb") == second, "wanted again"
    third = built(settings, monkeypatch, "cccc")
    assert not first.exists() and second.exists() and third.exists()


def test_one_that_a_host_is_on_stays(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    first = built(settings, monkeypatch, "aaaa")
    aged(first)
    note = settings.hosts / "some-host" / "system"
    note.parent.mkdir(parents=True)
    note.write_text(f"{first.name}\n")
    built(settings, monkeypatch, "bbbb")
    assert first.exists()


def test_one_that_fails_half_way_is_not_there(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(target: Path, log: Path, progress: object) -> None:
        (target / "etc").mkdir()
        raise rootfs.HostError("no mirror answers")

    monkeypatch.setattr(rootfs, "_build", broken)
    with pytest.raises(rootfs.HostError):
        rootfs.ensure(settings, lambda line: None)
    assert not rootfs.ready(settings)
    assert not [path for path in settings.cache.iterdir() if path.is_dir()]
