"""The order of a restore into what serves: nothing is touched before all is here and saved, and services come back always."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mech_infra.backup import (
    choosing,
    journal,
    mongodb,
    putting,
    restoring,
    scratch,
    services,
    status,
    swapping,
    taking,
)
from mech_infra.backup.restic import Repository, Snapshot
from mech_infra.backup.selecting import selection
from mech_infra.backup.settings import Settings
from mech_infra.backup.words import BEFORE, Failed

SNAPSHOT = Snapshot("aaaa1111", 1000.0, "m1")
SETTINGS = Settings("/repository", "host", {}, {}, (), 6, 24, "none", {})
GROUPS = [["mech-memories", "mech-queue"], ["mech-sequences"]]
STORE = Repository("/repository", {})


class Host:
    """What was done, in order; `fails` is a step that does not go well, by its name."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.done: list[str] = []
        self.fails = ""
        self.error: BaseException = Failed("MONGODB", "it does not")
        self.journal = folder / "restoring.json"
        read, write, note, over = status.read, status.write, journal.write, journal.over
        for module, name, does in (
            (status, "read", lambda: read(folder)),
            (status, "write", lambda about: write(about, folder)),
            (journal, "write", lambda about: note(about, self.journal)),
            (journal, "over", lambda path=self.journal: over(path)),
            (choosing, "for_restore", lambda *_: (SNAPSHOT, "")),
            (taking, "room", lambda *_: None),
            (taking, "backup", self.backup),
            (restoring, "fetched", self.fetched),
            (mongodb, "live", dict),
            (services, "running", lambda groups: GROUPS),
            (services, "state", lambda name: "running"),
            (services, "start_database", lambda name, answers: self.step(f"start {name}")),
            (services, "stop", lambda groups: self.step("stop")),
            (services, "start", lambda groups: self.step("start")),
            (services, "start_in_order", lambda groups: self.step("start in order")),
            (putting, "into_mongodb", lambda *_: self.step("mongodb") or ["mech.newer"]),
            (putting, "into_redis", lambda *_: self.step("redis")),
            (putting, "into_files", lambda *_: self.step("files")),
        ):
            monkeypatch.setattr(module, name, does)

    def step(self, name: str) -> None:
        self.done.append(name)
        if name == self.fails:
            raise self.error

    def backup(self, *given: Any) -> dict[str, Any]:
        assert given[-1] == BEFORE
        self.step("backup")
        return {"snapshot": "bbbb2222", "bytes": 1}

    @contextlib.contextmanager
    def fetched(self, *_: Any) -> Iterator[tuple[dict[str, Any], Path]]:
        self.step("fetch")
        yield {}, Path("/nowhere")
        self.done.append("away")

    def live(self, *only: str, with_backup: bool = True) -> dict[str, Any]:
        return restoring.live(SETTINGS, STORE, selection(only), "", with_backup, lambda says: None)

    def failed(self, *only: str) -> str:
        with pytest.raises(Failed) as why:
            self.live(*only)
        return why.value.says


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    return Host(tmp_path, monkeypatch)


def test_all_is_here_and_saved_before_the_first_service_is_stopped(host: Host) -> None:
    result = host.live("mongodb", "redis", "files")
    assert host.done == [
        "start mongodb",
        "fetch",
        "backup",
        "stop",
        "mongodb",
        "redis",
        "files",
        "start in order",
        "away",
    ]
    assert (result["before"], result["left"]) == ("bbbb2222", ["mech.newer"])
    assert [one["part"] for one in result["parts"]] == ["fetch", "backup", "stop", "mongodb", "redis", "files", "start"]
    assert not host.journal.exists()
    assert status.read()["restored"]["snapshot"] == SNAPSHOT.id


@pytest.mark.parametrize("step", ["fetch", "backup"])
def test_a_snapshot_that_is_bad_or_a_backup_that_fails_stops_nobody(host: Host, step: str) -> None:
    host.fails = step
    says = host.failed()
    assert "stop" not in host.done
    assert step == "fetch" or ("nothing was changed" in says and "--without-backup" in says)
    assert "failure" not in status.read()


def test_without_a_backup_where_that_is_said(host: Host) -> None:
    assert host.live("redis", with_backup=False)["before"] == ""
    assert host.done == ["fetch", "stop", "redis", "start in order", "away"]


@pytest.mark.parametrize(
    ("step", "state"),
    [
        ("stop", "the data are as they were before"),
        ("mongodb", "MongoDB has some of the collections of that snapshot, the others as before; the"),
        ("redis", "MongoDB has all of the collections of that snapshot; Redis is as before; the"),
    ],
)
def test_a_step_that_fails_starts_the_services_and_says_how_the_data_are(host: Host, step: str, state: str) -> None:
    host.fails = step
    says = host.failed()
    assert host.done[-2:] == [step, "start"] or host.done[-3:] == [step, "start", "away"]
    assert f"snapshot aaaa1111 failed: {state}" in says and "again: mech restore --into live --at aaaa1111" in says
    assert ("back to what was there: mech restore --into live --at bbbb2222" in says) is (step != "stop")
    assert "it does not" in says
    assert not host.journal.exists()
    assert ("failure" in status.read()) is (step != "stop")


def test_a_service_that_does_not_get_well_is_told_though_the_data_are_there(host: Host) -> None:
    host.fails, host.error = "start in order", Failed(services.NOT_WELL, "mech-queue (unhealthy) not well")
    assert "not well" in host.failed()
    assert not host.journal.exists()


def killed(host: Host, step: str) -> None:
    """As after SIGKILL: nothing of what stands behind the step was done."""
    kept: list[str] = []

    def kill(about: Any = None) -> None:
        kept.append(host.journal.read_text())

    host.fails, host.error = step, KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt), pytest.MonkeyPatch.context() as patch:
        over = journal.over
        patch.setattr(journal, "over", lambda: (kill(), over()))
        host.live()
    host.journal.write_text(kept[0])
    host.done.clear()
    host.fails = ""


@pytest.mark.parametrize(("step", "noted"), [("stop", False), ("mongodb", True), ("redis", True)])
def test_after_a_kill_whoever_comes_next_starts_what_was_stopped(
    host: Host, step: str, noted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed(host, step)
    monkeypatch.setattr(swapping, "ROOM", tmp_path)
    (tmp_path / swapping.ASIDE).mkdir()
    monkeypatch.setattr(services, "stop_database", lambda name: host.step(f"stop {name}"))
    monkeypatch.setattr(swapping, "back", lambda: host.step("former files"))
    assert journal.mend(lambda says: None, host.journal)
    redis = ["stop redis", "former files", "start redis"] if step == "redis" else []
    assert host.done == [*redis, "start"]
    assert (status.read().get("failure", {}).get("code") == "RESTORE_CUT") is noted
    assert journal.mend(lambda says: None, host.journal) is None


def test_what_cannot_be_started_yet_is_tried_again(host: Host) -> None:
    killed(host, "stop")
    host.fails, host.error = "start", Failed("DOCKER", "it does not answer")
    assert journal.mend(lambda says: None, host.journal)
    host.fails = ""
    assert journal.mend(lambda says: None, host.journal)
    assert journal.mend(lambda says: None, host.journal) is None


def manifest(documents: int) -> dict[str, Any]:
    return {"mongodb": {"collections": {"mech.jobs": {"documents": documents}}}, "redis": {"keys": 1}}


@pytest.mark.parametrize(
    ("at", "since", "newest", "taken"),
    [
        ("", 2000, 3, "aaaa1111"),  # a host that was made anew, and has backed up what it has: nothing
        ("", 2000, 60, "cccc3333"),
        ("", 500, 3, "cccc3333"),
        ("cccc", 2000, 3, "cccc3333"),
    ],
)
def test_a_new_host_takes_the_last_snapshot_of_before_it(
    at: str, since: float, newest: int, taken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = [SNAPSHOT, Snapshot("cccc3333", 3000.0, "m3"), Snapshot("dddd4444", 4000.0, "m4", BEFORE)]
    monkeypatch.setattr(Repository, "snapshots", lambda self: there)
    monkeypatch.setattr(choosing, "peek", lambda _, one: manifest(newest if one.id == "cccc3333" else 100))
    one, note = choosing.for_restore(STORE, at, since)
    assert (one.id, bool(note)) == (taken, taken == "aaaa1111")


def test_what_a_restore_overwrote_is_meant_by_its_id_alone() -> None:
    there = [SNAPSHOT, Snapshot("dddd4444", 4000.0, "m4", BEFORE)]
    assert choosing.chosen(there, "") == SNAPSHOT
    assert choosing.chosen(there, "2030-01-01T00:00") == SNAPSHOT
    assert choosing.chosen(there, "dddd").kind == BEFORE


def test_services_are_stopped_from_the_last_and_started_from_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    docker: Callable[..., str] = lambda *words, **_: calls.append(" ".join(words)) or ""  # noqa: E731
    monkeypatch.setattr(services, "docker", docker)
    monkeypatch.setattr(services, "state", lambda name: "healthy")
    services.stop(GROUPS)
    services.start_in_order(GROUPS)
    assert calls == [
        "stop -t 30 mech-sequences", "stop -t 30 mech-memories mech-queue", "start mech-memories mech-queue", "start mech-sequences",
    ]  # fmt: skip


def test_one_that_cannot_be_started_does_not_keep_the_others_down(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def docker(*words: str, **_: Any) -> str:
        tried.append(words[-1])
        raise Failed("DOCKER", "no")

    monkeypatch.setattr(services, "docker", docker)
    with pytest.raises(Failed):
        services.start([["one"], ["two"]])
    assert tried == ["one", "two"]


def test_a_status_of_a_restore_is_kept(tmp_path: Path) -> None:
    known = status.failed(status.read(tmp_path), "restore", 1.0, Failed("RESTORE_CUT", "cut"))
    status.write(status.succeeded(known, "restore", 2.0, snapshot="a", before=""), tmp_path)
    kept = json.loads((tmp_path / status.FILE).read_text())
    assert (kept["restored"]["snapshot"], "failure" in kept, "proof" in kept) == ("a", False, False)
    assert scratch.FOLDER != journal.FOLDER
