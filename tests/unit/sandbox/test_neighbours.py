"""Sandboxes whose names lead to the same network: each has its own; one that is started where another runs touches nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox import daemon, steps
from sandbox.settings import claim, load


@pytest.fixture
def states(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MECH_SANDBOX_STATE", str(tmp_path))
    return tmp_path


def test_the_second_one_takes_another_and_both_keep_theirs(states: Path) -> None:
    assert load("n14").index == load("n18").index, "both names lead to the same network"
    claim(load("n18"))
    claim(load("n14"))
    first, second = load("n18").index, load("n14").index
    assert first != second
    (states / "n18" / "network").unlink()
    (states / "n18").rmdir()
    assert load("n14").index == second, "the first one has gone"
    assert load("n18").index == first


def test_one_from_before_numbers_were_kept_has_the_one_of_its_name(states: Path) -> None:
    before = load("n14").index
    (states / "n14").mkdir()
    claim(load("n18"))
    assert load("n14").index == before != load("n18").index


def test_main_has_the_first_and_nobody_else_does(states: Path) -> None:
    claim(load("main"))
    numbers = [load(f"n{n}").index for n in range(400)]
    assert load("main").index == 0
    assert min(numbers) >= 1 and max(numbers) <= 250


def test_when_all_are_taken_a_neighbour_that_runs_is_named(states: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(1, 251):
        (states / f"other{number}").mkdir()
        (states / f"other{number}" / "network").write_text(f"{number}\n")
    monkeypatch.setattr(daemon, "pid", lambda settings: 1)
    one = load("n14")
    with pytest.raises(ValueError, match=f"n14 and other{one.index} have the same network .* take another name"):
        steps.up(one, print)
    assert not one.state.exists()


def test_one_that_does_not_run_is_no_neighbour(states: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (states / "n14").mkdir()
    (states / "n18").mkdir()
    monkeypatch.setattr(daemon, "pid", lambda settings: None)
    reached: list[str] = []
    monkeypatch.setattr(steps.credentials, "ensure", lambda settings: reached.append(settings.name))
    for room, name in ((steps.pki, "ensure"), (steps.internet, "ensure_home")):
        monkeypatch.setattr(room, name, lambda settings: None)
    monkeypatch.setattr(steps.host, "ensure_rootfs", lambda settings, say: None)
    monkeypatch.setattr(steps.images, "build", lambda settings, say: None)
    monkeypatch.setattr(steps.install, "install", lambda home, say: None)
    monkeypatch.setattr(daemon, "ensure_running", lambda settings: False)
    steps.up(load("n18"), print)
    assert reached == ["n18"]
