"""Versions of the databases' images against the data that are there."""

from __future__ import annotations

import math
from typing import Any

import pytest

from mech_infra.config import ConfigError, load
from mech_infra.facts.host import trip
from mech_infra.guard import versions
from mech_infra.guard.judging import Backup, Permission
from mech_infra.guard.program import Guard, Refused

from .conftest import Declare, raw_config

URN = "urn:pulumi:unit::mech::mech:platform:"
IMAGE = "docker:index/remoteImage:RemoteImage"
SENSOR = "pulumi-python:dynamic/mech:HostState"


@pytest.mark.parametrize(
    ("reference", "version"),
    [
        ("mongo:7", (7,)), ("mongo:7.0.14-jammy", (7, 0, 14)), ("registry.local:5000/lib/mongo:6.0", (6, 0)),
        ("mongo:7@sha256:0123", (7,)), ("mongo:latest", None), ("mongo", None), ("mongo@sha256:0123", None),
        ("ours/mongo-like:7", None), ("localhost:5000/mongo", None), ("mongo:7up", None),
    ],
)  # fmt: skip
def test_a_tag_is_read_where_it_is_a_version(reference: str, version: tuple[int, ...] | None) -> None:
    assert versions.of(reference, "mongo") == version


@pytest.mark.parametrize(
    ("had", "wanted", "facts", "change", "says"),
    [
        ("mongo:7", "mongo:7.0.14", {}, None, ""),
        ("mongo:7", "mongo:8", {}, None, ""),
        ("mongo:7", "mongo:latest", {"version": "7.0.1"}, None, ""),
        ("mongo:latest", "mongo:6", {}, None, ""),
        ("mongo:7", "mongo:6", {}, "downgrade", "mongo:6 is older than 7"),
        ("mongo:latest", "mongo:7", {"version": "8.0.4", "fcv": "8.0"}, "downgrade", "older than 8.0.4"),
        ("mongo:8.2", "mongo:8.0", {}, "downgrade", "mongodump"),
        # An up to 8 that came no further than its image: the data are still of 7.
        ("mongo:8", "mongo:7", {"version": "7.0.14", "fcv": "7.0"}, None, ""),
        ("mongo:6", "mongo:5", {"version": "6.0.9", "fcv": "5.0"}, None, ""),
        ("mongo:6", "mongo:5", {"version": "6.0.9", "fcv": "6.0"}, "downgrade", ""),
        ("mongo:7", "mongo:6", {"version": "7.0.9", "fcv": "6.0"}, "downgrade", ""),
        ("mongo:5", "mongo:7", {}, "skip", "skips a release"),
        ("mongo:4.4", "mongo:5", {}, None, ""),
        ("mongo:4.2", "mongo:5.0", {}, "skip", "every release between 4.2 and 5.0"),
        ("mongo:6", "mongo:7", {"version": "6.0.9", "fcv": "5.0"}, "skip", "setFeatureCompatibilityVersion: '6.0'"),
        ("mongo:6", "mongo:7", {"version": "6.0.9", "fcv": "6.0"}, None, ""),
    ],
)
def test_what_mongodb_starts_on(had: str, wanted: str, facts: dict[str, Any], change: str | None, says: str) -> None:
    found = list(versions.mongodb(had, wanted, facts))
    assert [finding.change for finding in found] == ([change] if change else [])
    assert all(says in finding.why + finding.instead for finding in found)


@pytest.mark.parametrize(
    ("had", "wanted", "facts", "refused"),
    [
        ("redis:7", "redis:6", {}, True),
        ("redis:7", "redis:6", {"rdb": 9}, False),
        ("redis:7.2", "redis:7.0", {"rdb": 11}, True),
        ("redis:7.2", "redis:7.0", {}, False),
        ("redis:alpine", "redis:7.0-alpine", {"rdb": 12}, True),
        ("redis:alpine", "redis:7", {"rdb": 12}, False),
        ("redis:7", "redis:9", {"rdb": 12}, False),
        ("redis:6", "redis:alpine", {"rdb": 9}, False),
    ],
)
def test_what_redis_starts_on(had: str, wanted: str, facts: dict[str, Any], refused: bool) -> None:
    assert [finding.change for finding in versions.redis(had, wanted, facts)] == (["downgrade"] if refused else [])


@pytest.mark.parametrize(
    ("database", "had", "wanted", "facts", "major"),
    [
        ("mongodb", "mongo:7", "mongo:8", {}, True),
        ("mongodb", "mongo:7.0.14", "mongo:8.0", {"version": "7.0.14", "fcv": "7.0"}, True),
        ("mongodb", "mongo:4.2", "mongo:4.4", {}, True),
        ("mongodb", "mongo:8.0", "mongo:8.2", {}, False),
        ("mongodb", "mongo:7", "mongo:7.0.15", {}, False),
        ("mongodb", "mongo:latest", "mongo:8", {"version": "8.0.4"}, False),
        ("mongodb", "mongo:latest", "mongo:8", {}, False),
        # Only its image came that far; the server that wrote the data is of 7.
        ("mongodb", "mongo:8", "mongo:8.0.1", {"version": "7.0.14", "fcv": "7.0"}, True),
        ("redis", "redis:7.4", "redis:8-alpine", {"rdb": 12}, True),
        ("redis", "redis:6", "redis:7", {}, True),
        ("redis", "redis:7.0", "redis:7.4", {"rdb": 10}, False),
        ("redis", "redis:alpine", "redis:8", {"rdb": 11}, True),
        ("redis", "redis:alpine", "redis:7", {"rdb": 10}, False),
        ("redis", "redis:alpine", "redis:8", {}, False),
        ("redis", "redis:8", "redis:alpine", {}, False),
    ],
)
def test_which_image_is_of_a_later_major_version(
    database: str, had: str, wanted: str, facts: dict[str, Any], major: bool
) -> None:
    assert versions.next_major(database, had, wanted, facts) is major


@pytest.mark.parametrize(
    ("backup", "says"),
    [
        (
            None,
            "no backup is declared; .* Instead: declare mech:backup, run pulumi up and `mech backup now`, then this again",
        ),
        (Backup(math.inf, 24), "there is no good snapshot yet; .* Instead: run `mech backup now`, then this again"),
        (Backup(31.2, 24), r"is 31 h old \(RPO 24 h\)"),
        (Backup(1.5, 1), r"is 2 h old \(RPO 1 h\)"),
        (Backup(23.9, 24), ""),
    ],
)
def test_the_next_major_version_wants_a_snapshot_that_is_younger_than_the_rpo(
    declare: Declare, backup: Backup | None, says: str
) -> None:
    declare()  # a guard wants a stack
    guard = Guard((), True, running("mongo:7"))
    wanted = {"mongodb": "mongo:8", "redis": "redis:alpine"}
    if not says:
        guard.images(wanted, lambda facts: backup)
        return
    with pytest.raises(
        Refused, match=f"refused, since there would be no way back; nothing was changed:\n.*{says}"
    ) as caught:
        guard.images(wanted, lambda facts: backup)
    assert str(caught.value).endswith(
        "If it is meant: pulumi config set --path 'mech:allow[0]' 'upgrade images-mongodb'"
    )
    Guard([Permission("upgrade", "images-mongodb")], True, running("mongo:7")).images(wanted, lambda facts: backup)


def test_a_host_that_does_not_say_is_no_backup_in_a_plan_and_nobody_is_asked_under_mocks(
    declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare()
    wanted = {"mongodb": "mongo:8", "redis": "redis:alpine"}
    guard = Guard((), True, running("mongo:7"))
    guard.images(wanted, lambda facts: Backup(None, 24))
    monkeypatch.setattr(guard, "_hooks", "a plan")
    monkeypatch.setattr(guard, "_facts", dict)
    with pytest.raises(Refused, match="the host does not say how old the newest good snapshot is"):
        guard.images(wanted, lambda facts: Backup(None, 24))


def test_a_skipped_release_that_is_allowed_still_wants_a_snapshot(declare: Declare) -> None:
    newer = {"datastores": {"mongodb": {"image": "mongo:8"}}, "allow": ["skip images-mongodb"]}
    with pytest.raises(Refused, match="no way back"):
        declare(newer, state=running("mongo:6"))
    assert declare({**newer, "allow": [*newer["allow"], "upgrade images-mongodb"]}, state=running("mongo:6")).of(
        "Container"
    )


def running(image: str) -> dict[str, Any]:
    return {
        f"{URN}Images${IMAGE}::images-mongodb": {"type": IMAGE, "outputs": {"name": image}},
        f"{URN}Datastores${SENSOR}::datastores-mongodb-state": {
            "type": SENSOR, "outputs": {"access": {"host": "203.0.113.7", "host_key": "k", "identity": "i"}},
        },
    }  # fmt: skip


def test_an_image_that_does_not_start_on_its_data_is_refused_before_anything(
    declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def facts(guard: Guard) -> dict[str, Any]:
        asked.append("the host")
        return {"mongodb": {"version": "7.0.14", "fcv": "7.0"}}

    monkeypatch.setattr(Guard, "_facts", facts)
    older = {"datastores": {"mongodb": {"image": "mongo:6"}}}
    with pytest.raises(Refused, match="would not start on its data.*\n.*images-mongodb.*leave .* at mongo:7") as caught:
        declare(older, state=running("mongo:7"))
    assert "pulumi config set --path 'mech:allow[0]' 'downgrade images-mongodb'" in str(caught.value)
    assert len(asked) == 1
    assert declare({**older, "allow": ["downgrade images-mongodb"]}, state=running("mongo:7")).of("Container")
    assert declare(state=running("mongo:7")).of("Container")
    assert len(asked) == 2  # nothing is asked where nothing changes


def test_a_host_that_does_not_answer_leaves_the_tags(declare: Declare, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(access: Any) -> dict[str, Any]:
        assert access["host"] == "203.0.113.7"
        raise trip.Unreachable("timed out")

    monkeypatch.setattr(trip, "facts", gone)
    monkeypatch.setattr(Guard, "watch", lambda guard: setattr(guard, "_hooks", "a plan"))
    for image, before in (("mongo:7", "mongo:5"), ("mongo:6", "mongo:7")):
        with pytest.raises(Refused):
            declare({"datastores": {"mongodb": {"image": image}}}, state=running(before))


def test_a_password_needs_a_redis_that_knows_users() -> None:
    for image, good in (("redis:5", False), ("redis:6.0-alpine", False), ("redis:6", True), ("redis:alpine", True)):
        raw, marked = raw_config(
            {"edge": {"zoneId": "0" * 32}, "datastores": {"redis": {"image": image}}}, {"REDIS_PASSWORD": "x"}
        )
        if good:
            load(raw, marked)
        else:
            with pytest.raises(ConfigError, match="needs Redis 6.2 or newer"):
                load(raw, marked)
