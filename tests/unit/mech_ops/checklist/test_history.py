"""What is kept of each run: a line that only its owner reads, and that a torn or foreign one does not spoil."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mech_ops.checklist import history
from mech_ops.checklist.history import Run
from mech_ops.errors import OpsError

RUN = Run("2026-11-27T00:00:00+00:00", "weekly", "ann", 2, {"backup": "ok"}, {"backup": "yes"}, {"disk /": [1.0, 2.0]})


def test_runs_come_back_the_oldest_first(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "runs.jsonl"
    assert history.read(file) == []
    older = Run("2026-11-26T00:00:00+00:00", "daily", "bob", 0)
    history.append(file, RUN)
    history.append(file, older)
    assert history.read(file) == [older, RUN]
    assert file.stat().st_mode & 0o777 == 0o600 and file.parent.stat().st_mode & 0o077 == 0


def test_a_file_that_others_could_read_is_closed(tmp_path: Path) -> None:
    file = tmp_path / "runs.jsonl"
    file.write_text("")
    file.chmod(0o644)
    history.append(file, RUN)
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_line_that_was_cut_short_costs_itself_alone(tmp_path: Path) -> None:
    file = tmp_path / "runs.jsonl"
    history.append(file, RUN)
    file.write_bytes(file.read_bytes() + b'{"when": "2026')
    history.append(file, RUN)
    assert history.read(file) == [RUN, RUN]


@pytest.mark.parametrize(
    "line",
    ["", "[]", "7", "\x00\xff", '{"when": 1}', json.dumps({**vars(RUN), "numbers": {"disk /": 7}}),
     json.dumps({**vars(RUN), "when": 5}), json.dumps({**vars(RUN), "more": 1}), json.dumps({**vars(RUN), "states": []})],
)  # fmt: skip
def test_what_is_no_run_is_left_out(tmp_path: Path, line: str) -> None:
    (tmp_path / "runs.jsonl").write_text(line + "\n")
    assert history.read(tmp_path / "runs.jsonl") == []


def test_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert history.path("prod") == tmp_path / "mech/checklist-prod.jsonl"
    assert history.path("../../etc/x") == tmp_path / "mech/checklist-.._.._etc_x.jsonl"
    monkeypatch.setenv("XDG_STATE_HOME", "not/absolute")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert history.path("prod") == tmp_path / ".local/state/mech/checklist-prod.jsonl"


def test_where_it_cannot_be_written_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(OpsError, match="cannot be noted"):
        history.append(tmp_path / "taken" / "runs.jsonl", RUN)
    with pytest.raises(OpsError, match="cannot be read"):
        history.read(tmp_path)
