"""The log: one line a record, of bounded size, and read whatever became of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mech_infra.heal import audit

RECORD = {"run": "1", "who": "w", "did": "restart", "what": "mech-llms", "why": "y", "outcome": "begun"}


@pytest.fixture(autouse=True)
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "mech" / "heal.jsonl"
    monkeypatch.setattr(audit, "LOG", path)
    return path


def test_what_is_noted_is_read_again_with_its_time_and_not_for_everybody(log: Path) -> None:
    assert audit.read() == []
    first = audit.note(RECORD)
    assert audit.read() == [first] and first["at"] > 1.7e9
    assert log.stat().st_mode & 0o777 == 0o640


def test_it_does_not_grow_for_ever_and_the_last_hour_is_kept(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "MAX_BYTES", 2_000)
    for number in range(100):
        audit.note({**RECORD, "run": str(number)})
    assert sum(path.stat().st_size for path in log.parent.iterdir()) < 2 * 2_500
    assert [one["run"] for one in audit.read()][-10:] == [str(number) for number in range(90, 100)]


def test_lines_that_were_cut_or_are_none_of_ours_are_skipped(log: Path) -> None:
    whole = audit.note(RECORD)
    with log.open("a") as file:
        file.write('{"at": 1, "run"\n[]\n{"at": "yesterday", "run": "1", "what": "x", "did": "y", "outcome": "z"}\n\n')
    assert audit.read() == [whole]


def test_what_cannot_be_noted_is_said(log: Path) -> None:
    log.parent.mkdir()
    (log.parent / "elsewhere").touch()
    log.symlink_to(log.parent / "elsewhere")
    with pytest.raises(OSError):
        audit.note(RECORD)
