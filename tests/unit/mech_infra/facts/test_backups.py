from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from mech_infra.facts.host import backups
from mech_infra.facts.host.backups import Fresh, Unproved

from .conftest import recorded, told, word

NOW = 1_700_000_000.0


def about(**more: Any) -> dict[str, Any]:
    return recorded(
        backups={"now": NOW, "since": NOW - 100 * 3600, "good": {}, "failure": {}, "proof": {}, "proved": {}, **more}
    )


@pytest.mark.parametrize(
    ("hours", "says"), [(0, "within 24 h"), (24, "within 24 h"), (31, "31 h old"), (-2, "within 24 h")]
)
def test_the_last_good_snapshot_is_not_too_old(hours: float, says: str) -> None:
    assert word(Fresh(24), about(good={"at": NOW - hours * 3600})) == says


def test_the_state_has_numbers_as_floats() -> None:
    assert word(Fresh(24.0), about(good={"at": NOW})) == Fresh(24).good  # type: ignore[arg-type]


def test_before_the_first_one_it_counts_from_when_backups_are_declared() -> None:
    assert word(Fresh(24), about()) == "none in 100 h"
    assert word(Fresh(24), about(since=NOW - 3600)) == "within 24 h"
    assert word(Fresh(24), recorded()) == "within 24 h", "a host without backups"


def test_a_person_is_told_of_a_failure_and_of_proofs_that_do_not_come() -> None:
    assert told(Unproved(), about(proved={"at": NOW - 3600})) == []
    assert told(Unproved(), about(proved={"at": NOW - 4 * 86400})) == [
        "not well: no backup was proved for 4 days: mech backup prove"
    ]
    why = {"what": "proof", "code": "DAMAGED", "says": "the repository is damaged"}
    assert told(Unproved(), about(failure=why)) == ["not well: the last proof failed: the repository is damaged"]
    assert told(Unproved(), recorded()) == []


def test_it_reads_what_the_host_remembers(tmp_path: Path) -> None:
    file = tmp_path / "status.json"
    assert backups.backups(str(file), str(tmp_path / "none"))["since"] is None
    assert backups.backups(str(file), str(tmp_path))["since"] == pytest.approx(time.time(), abs=60)
    for broken in ("", "{", "[]"):
        file.write_text(broken)
        assert backups.backups(str(file), str(tmp_path))["good"] == {}
    file.write_text(json.dumps({"version": 1, "since": 5.0, "good": {"at": 7.0}}))
    assert backups.backups(str(file), str(tmp_path)) | {"now": 0} == {
        "now": 0, "since": 5.0, "good": {"at": 7.0}, "failure": {}, "proof": {}, "proved": {},
    }  # fmt: skip
