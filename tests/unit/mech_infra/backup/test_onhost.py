"""A run on the host: what is told, what is remembered, how it ends, and that it is the only one."""

from __future__ import annotations

import fcntl
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from mech_infra.backup import onhost, pacing, proving, scratch, settings, status, taking
from mech_infra.backup.restic import Snapshot
from mech_infra.backup.settings import Settings
from mech_infra.backup.words import Failed

TOLD = Settings("/mnt/backup", "mech", {}, {}, (), 6, 24, "none", {"all_days": 14}, 3)
OLD, NEW = Snapshot("aaaa1111", 1_795_000_000.0, "m1"), Snapshot("bbbb2222", 1_795_003_600.0, "m2")
GOOD = {"snapshot": NEW.id, "manifest": "m2", "canary": "c", "bytes": 10}


class Store:
    """Has these snapshots, and reads what it is told to."""

    is_folder = True

    def __init__(self) -> None:
        self.read_: list[tuple[int, int]] = []
        self.fails: Failed | None = None

    def snapshots(self) -> list[Snapshot]:
        return [OLD, NEW]

    def read(self, part: int, of: int) -> None:
        self.read_.append((part, of))
        if self.fails:
            raise self.fails


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    made = Store()
    for function in (status.read, status.write):
        monkeypatch.setattr(function, "__defaults__", (tmp_path,))
    monkeypatch.setattr(settings, "LOCK", tmp_path / "lock")
    monkeypatch.setattr(onhost.journal, "mend", lambda step: None)
    monkeypatch.setattr(settings, "settings", lambda: TOLD)
    monkeypatch.setattr(settings, "environment", dict)
    monkeypatch.setattr(onhost, "repository", lambda where, env: made)
    monkeypatch.setattr(onhost.os, "nice", lambda _: None)
    monkeypatch.setattr(onhost.signal, "signal", lambda *_: None)
    return made


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[int, list[dict[str, Any]]]:
    monkeypatch.setattr("sys.argv", ["mech-backup", "--wire", *words])
    code = onhost.main()
    lines = capsys.readouterr().out.splitlines()
    return code, [json.loads(line.removeprefix(onhost.MARK)) for line in lines if line.startswith(onhost.MARK)]


def fails(why: Failed) -> Any:
    def does(*_: Any) -> Any:
        raise why

    return does


def test_a_good_backup_is_remembered(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(taking, "backup", lambda *_: GOOD)
    code, said = run(monkeypatch, capsys, "now")
    assert (code, said[-1]) == (0, {"kind": "end", "code": 0, "result": GOOD})
    assert status.read()["good"]["snapshot"] == NEW.id
    assert run(monkeypatch, capsys, "fresh")[0] == 0


@pytest.mark.parametrize(
    ("words", "mb_s"), [(["now"], 20), (["prove"], 20), (["now", "--fast"], 0), (["prove", "--fast"], 0)]
)
def test_it_goes_gently_unless_somebody_is_in_a_hurry(
    words: list[str], mb_s: int, store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rates: list[int] = []
    for module, does, result in ((taking, "backup", GOOD), (proving, "proof", {"snapshot": NEW.id})):
        monkeypatch.setattr(module, does, lambda *_, told=result: rates.append(pacing.rate()) or told)
    assert run(monkeypatch, capsys, *words)[0] == 0
    assert rates == [mb_s << 20] and pacing.rate() == 0


@pytest.mark.parametrize(
    ("code", "ends"), [("STORE_BUSY", 1), ("DISK_FULL", 1), ("WRONG_PASSWORD", 2), ("DUMP_EMPTY", 2)]
)
def test_one_that_fails_is_one_sentence_and_what_was_good_stays(
    code: str, ends: int, store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status.write({**status.read(), "good": {**GOOD, "at": 5.0}})
    monkeypatch.setattr(taking, "backup", fails(Failed(code, "a sentence")))
    ended, said = run(monkeypatch, capsys, "now")
    assert (ended, said[-2], said[-1]["code"]) == (ends, {"kind": "failed", "code": code, "says": "a sentence"}, ends)
    known = status.read()
    assert (known["good"]["at"], known["failure"]["code"]) == (5.0, code)
    assert run(monkeypatch, capsys, "fresh")[0] == 1


def test_each_proof_reads_another_part_and_damage_there_is_its_failure(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(proving, "proof", lambda *_: {"snapshot": NEW.id})
    for _ in range(4):
        assert run(monkeypatch, capsys, "prove")[0] == 0
    assert store.read_ == [(1, 3), (2, 3), (3, 3), (1, 3)]
    store.fails = Failed("DAMAGED", "it is damaged")
    assert run(monkeypatch, capsys, "prove")[0] == 2
    known = status.read()
    assert known["failure"]["code"] == known["proof"]["code"] == "DAMAGED" and known["proved"]["snapshot"] == NEW.id


def test_two_runs_never_meet(store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with settings.LOCK.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        code, said = run(monkeypatch, capsys, "now")
    assert (code, said[0]["code"]) == (1, "BUSY")
    assert "failure" not in status.read()


def test_who_waits_for_another_run_is_told_so_once(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with settings.LOCK.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        threading.Timer(0.2, fcntl.flock, (held, fcntl.LOCK_UN)).start()
        _, said = run(monkeypatch, capsys, "--wait", "30", "list")
    told = [one for one in said if "at work on this host" in one.get("says", "")]
    assert [one["kind"] for one in told] == ["progress"] and said[-1]["kind"] == "end"


@pytest.mark.parametrize(
    ("at", "found"),
    [("", NEW), ("aaaa", OLD), ("bbbb2222", NEW), ("2026-11-18T11:30", OLD), ("2026-11-19T00:00:00+00:00", NEW)],
)
def test_a_snapshot_is_chosen_by_id_or_time(at: str, found: Snapshot) -> None:
    assert onhost.chosen([OLD, NEW], at) == found


@pytest.mark.parametrize("at", ["2020-01-01T00:00", "yesterday", "ffff"])
def test_one_that_is_not_there_is_told(at: str) -> None:
    with pytest.raises(Failed) as why:
        onhost.chosen([OLD, NEW], at)
    assert why.value.code == "NO_SNAPSHOT"


@pytest.mark.parametrize(
    ("there", "good", "code"),
    [
        ([OLD, NEW], None, ""),
        ([OLD, NEW], {"snapshot": NEW.id, "at": NEW.at}, ""),
        ([OLD], {"snapshot": NEW.id, "at": NEW.at + 9}, "SNAPSHOT_LOST"),
        ([], {"snapshot": NEW.id, "at": NEW.at}, "SNAPSHOT_LOST"),
        ([], None, "NO_SNAPSHOT"),
        # Retention may have taken it, long ago.
        ([NEW], {"snapshot": OLD.id, "at": OLD.at}, ""),
    ],
)
def test_the_newest_is_the_one_that_was_made_last(
    there: list[Snapshot], good: dict[str, Any] | None, code: str
) -> None:
    try:
        assert proving.expected(there, good) == there[-1] and code == ""
    except Failed as why:
        assert why.code == code


@pytest.mark.parametrize(("available", "wanted", "found"), [(4000, 1024, 1024), (1000, 1024, 744), (300, 1024, None)])
def test_a_scratch_container_has_no_more_memory_than_the_host_can_spare(
    available: int, wanted: int, found: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch.Path, "read_text", lambda _: f"MemTotal: 1 kB\nMemAvailable:   {available << 10} kB\n")
    if found is None:
        with pytest.raises(Failed, match="memory"):
            scratch.memory(wanted)
    else:
        assert scratch.memory(wanted) == found
