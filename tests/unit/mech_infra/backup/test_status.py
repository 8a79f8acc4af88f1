"""What the host remembers: what was good stays known when something fails, and a failure only until it is mended."""

from __future__ import annotations

from pathlib import Path

import pytest

from mech_infra.backup import status
from mech_infra.backup.words import Failed

WHY = Failed("STORE_BUSY", "the store does not work now")


def test_a_failure_leaves_what_was_good_and_goes_with_the_next_good_one() -> None:
    known = status.succeeded({"version": 1, "since": 0.0}, "backup", 10.0, snapshot="a")
    bad = status.failed(known, "backup", 20.0, WHY)
    assert bad["good"] == {"at": 10.0, "snapshot": "a"}
    assert bad["failure"] == bad["tried"] == {"at": 20.0, "what": "backup", "code": WHY.code, "says": WHY.says}
    mended = status.succeeded(bad, "backup", 30.0, snapshot="b")
    assert "failure" not in mended and mended["good"]["snapshot"] == "b" and mended["tried"]["code"] == ""


def test_a_good_backup_does_not_hide_a_proof_that_failed() -> None:
    bad = status.failed({"version": 1, "since": 0.0}, "proof", 10.0, WHY)
    later = status.succeeded(bad, "backup", 20.0, snapshot="b")
    assert later["failure"]["what"] == "proof" and later["proof"]["code"] == WHY.code and "proved" not in later
    proved = status.succeeded(later, "proof", 30.0, snapshot="b")
    assert "failure" not in proved and proved["proved"]["snapshot"] == "b"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 2}'])
def test_one_that_is_broken_begins_anew(text: str, tmp_path: Path) -> None:
    (tmp_path / status.FILE).write_text(text)
    assert set(status.read(tmp_path)) == {"version", "since"}


def test_it_is_roots_alone_and_whole(tmp_path: Path) -> None:
    status.write({"version": 1, "since": 1.0}, tmp_path / "new")
    assert status.read(tmp_path / "new") == {"version": 1, "since": 1.0}
    assert (tmp_path / "new" / status.FILE).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "new").iterdir()] == [status.FILE]
