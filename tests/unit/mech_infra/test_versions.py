"""Versions of the databases' images against the data that are there."""

from __future__ import annotations

from typing import Any

import pytest

from mech_infra.config import ConfigError, load
from mech_infra.facts.host import trip
from mech_infra.guard import versions
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
