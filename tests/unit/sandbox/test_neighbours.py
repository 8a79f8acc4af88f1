"""Two sandboxes whose names lead to the same network: the second does not start, and touches nothing of the first."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox import daemon, steps
from sandbox.settings import load


@pytest.fixture
def states(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MECH_SANDBOX_STATE", str(tmp_path))
    return tmp_path


def test_a_neighbour_that_runs_is_named(states: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = load("n14"), load("n18")
    assert one.index == other.index, "both names lead to the same network"
    one.state.mkdir()
    monkeypatch.setattr(daemon, "pid", lambda settings: 1 if settings.name == "n14" else None)
    with pytest.raises(ValueError, match="n18 and n14 have the same network .* take another name"):
        steps.up(other, print)
    assert not other.state.exists()


def test_one_that_does_not_run_is_no_neighbour(states: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load("n14").state.mkdir()
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
