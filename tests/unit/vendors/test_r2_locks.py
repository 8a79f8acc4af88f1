"""Bucket lock rules: what is locked stays as it is, whoever asks; all else goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .rig import API, Account, play
from .test_r2_objects import begin

DAY = {"type": "Age", "maxAgeSeconds": 86400}


def rule(prefix: str, condition: dict[str, Any], enabled: bool = True) -> dict[str, Any]:
    return {"id": f"{prefix} {condition['type']}", "prefix": prefix, "condition": condition, "enabled": enabled}


@pytest.mark.parametrize("key", ["r2_backup", "r2_retention"])
@pytest.mark.parametrize("condition", [DAY, {"type": "Indefinite"}, {"type": "Date", "date": "2999-01-01T00:00:00Z"}])
def test_what_is_locked_is_neither_deleted_nor_overwritten(tmp_path: Path, key: str, condition: dict[str, Any]) -> None:
    async def scene(r2: Account) -> None:
        for name in ("data/1", "locks/1"):
            await r2.ask("PUT", f"/mech-backup/{name}", body=b"first")
        assert (await r2.lock(rule("data/", condition))).status == 200
        for method in ("PUT", "DELETE"):
            refused = await r2.ask(method, "/mech-backup/data/1", body=b"", key=key)
            assert (refused.status, refused.code) == (403, "ObjectLockedByBucketPolicy")
            assert (await r2.ask(method, "/mech-backup/locks/1", key=key)).status in (200, 204)
        both = b"<Delete><Object><Key>data/1</Key></Object><Object><Key>data/2</Key></Object></Delete>"
        assert (await r2.ask("PUT", "/mech-backup/data/2", body=b"new")).status == 200
        many = await r2.ask("POST", "/mech-backup", {"delete": ""}, both, key=key)
        assert many.all("Code") == ["ObjectLockedByBucketPolicy"] * 2
        assert (await r2.ask("GET", "/mech-backup/data/1")).body == b"first"

    play(tmp_path, scene)


def test_an_upload_in_parts_does_not_overwrite_what_is_locked(tmp_path: Path) -> None:
    async def scene(r2: Account) -> None:
        id, listed = await begin(r2, b"new")
        await r2.ask("PUT", "/mech-backup/big", body=b"first")
        await r2.lock(rule("", DAY))
        assert (await r2.ask("POST", "/mech-backup/big", {"uploadId": id}, listed)).code == "ObjectLockedByBucketPolicy"
        assert (await r2.ask("GET", "/mech-backup/big")).body == b"first"

    play(tmp_path, scene)


@pytest.mark.parametrize(
    "rules",
    [
        [],
        [rule("data/", DAY, enabled=False)],
        [rule("index/", DAY)],
        [rule("", {"type": "Date", "date": "2020-01-01T00:00:00Z"})],
    ],
)
def test_what_no_rule_holds_goes(tmp_path: Path, rules: list[dict[str, Any]]) -> None:
    async def scene(r2: Account) -> None:
        await r2.ask("PUT", "/mech-backup/data/1")
        await r2.lock(*rules)
        assert (await r2.ask("DELETE", "/mech-backup/data/1")).status == 204

    play(tmp_path, scene)


def test_an_age_ends_by_the_stores_clock_and_the_longest_rule_counts(tmp_path: Path) -> None:
    async def scene(r2: Account) -> None:
        await r2.ask("PUT", "/mech-backup/data/1")
        await r2.lock(
            rule("", {"type": "Age", "maxAgeSeconds": 60}), rule("data/", {"type": "Age", "maxAgeSeconds": 600})
        )
        r2.fault(skew_s=300)
        assert (await r2.ask("DELETE", "/mech-backup/data/1")).code == "ObjectLockedByBucketPolicy"
        r2.fault(skew_s=700)
        assert (await r2.ask("DELETE", "/mech-backup/data/1")).status == 204

    play(tmp_path, scene)


def test_rules_are_read_back_and_outlive_the_daemon(tmp_path: Path) -> None:
    async def first(r2: Account) -> None:
        await r2.lock(rule("data/", DAY))

    async def later(r2: Account) -> None:
        said = json.loads((await r2.api("GET", f"{API}/mech-backup/lock")).body)
        assert said["result"] == {"rules": [rule("data/", DAY)]}

    play(tmp_path, first)
    play(tmp_path, later)


@pytest.mark.parametrize(
    "bad",
    [
        {"id": "x", "enabled": True, "condition": {"type": "Age"}},
        {"id": "x", "enabled": True, "condition": {"type": "Age", "maxAgeSeconds": 0}},
        {"id": "x", "enabled": True, "condition": {"type": "Date", "date": "tomorrow"}},
        {"id": "x", "enabled": True},
        {"enabled": True, "condition": {"type": "Indefinite"}},
        "data/",
    ],
)
def test_a_rule_that_means_nothing_changes_nothing(tmp_path: Path, bad: Any) -> None:
    async def scene(r2: Account) -> None:
        await r2.lock(rule("data/", DAY))
        assert (await r2.lock(bad)).status == 400
        assert b"86400" in (await r2.api("GET", f"{API}/mech-backup/lock")).body

    play(tmp_path, scene)
