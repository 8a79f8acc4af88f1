"""What is compared, without a host: each way in which a backup is bad has its code, and a good one has none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mech_infra.backup import faults, manifest
from mech_infra.backup.words import Failed

ONE = {"documents": 5, "bytes": 100, "hash": "a"}
MADE: dict[str, Any] = {
    "version": 1, "id": "m1", "canary": "bird",
    "mongodb": {"collections": {"mech.jobs": ONE, "mech_backup.canary": {"documents": 1, "bytes": 30, "hash": "c"}}},
    "redis": {"keys": 10, "expiring": 4, "exact": True},
}  # fmt: skip


def code(judge: Any, *given: Any) -> str:
    try:
        judge(*given)
    except Failed as why:
        assert why.says and why.says[-1] not in ".:" and faults.is_bad(why.code)
        return why.code
    return ""


@pytest.mark.parametrize(
    ("there", "says"),
    [({}, ""), ({"documents": 4}, "RESTORE_DIFFERS"), ({"hash": "b"}, "RESTORE_DIFFERS")],
)
def test_counts_and_hashes_are_compared(there: dict[str, Any], says: str) -> None:
    found = {**MADE["mongodb"]["collections"], "mech.jobs": {**ONE, **there}}
    assert code(manifest.check_same, MADE, found, "MongoDB", "RESTORE_DIFFERS") == says


def test_a_collection_that_is_lacking_or_new_is_told() -> None:
    assert code(manifest.check_same, MADE, {"mech.jobs": ONE}, "MongoDB", "RESTORE_DIFFERS") == "RESTORE_DIFFERS"
    more = {**MADE["mongodb"]["collections"], "mech.more": ONE}
    assert code(manifest.check_same, MADE, more, "MongoDB", "RESTORE_DIFFERS") == "RESTORE_DIFFERS"


@pytest.mark.parametrize(
    ("dumped", "before", "after", "says"),
    [
        ({"mech.jobs": 5}, {"mech.jobs": 5}, {"mech.jobs": 6}, ""),
        ({"mech.jobs": 5}, {"mech.jobs": 4}, {"mech.jobs": 9, "mech.new": 3}, ""),
        ({}, {}, {}, ""),
        ({}, {"mech.jobs": 5}, {"mech.jobs": 5}, "DUMP_EMPTY"),
        ({"mech.jobs": 0}, {"mech.jobs": 5}, {"mech.jobs": 5}, "DUMP_EMPTY"),
        ({"shop.goods": 5}, {"mech.jobs": 5}, {"mech.jobs": 5}, "DUMP_WRONG"),
        ({"mech.jobs": 5}, {"mech.jobs": 5, "mech.files": 9}, {"mech.jobs": 5, "mech.files": 9}, "DUMP_WRONG"),
        ({"mech.jobs": 40}, {"mech.jobs": 100}, {"mech.jobs": 100}, "DUMP_WRONG"),
        ({"mech.jobs": 40}, {"mech.jobs": 100}, {"mech.jobs": 50}, ""),
        ({}, {"mech.jobs": 5}, {}, ""),
    ],
)
def test_an_empty_dump_or_one_of_other_databases_is_seen_by_what_the_server_has(
    dumped: dict[str, int], before: dict[str, int], after: dict[str, int], says: str
) -> None:
    found = {name: {**ONE, "documents": count} for name, count in dumped.items()}
    assert code(manifest.check_dump, found, before, after) == says


@pytest.mark.parametrize(
    ("planted", "says"),
    [
        ({"m1": "bird"}, ""),
        ({"m1": "cat"}, "CANARY_MISSING"),
        ({"m0": "bird"}, "CANARY_MISSING"),
        ({}, "CANARY_MISSING"),
    ],
)
def test_the_dump_has_its_own_canary(planted: dict[str, str], says: str) -> None:
    assert code(manifest.check_canary, planted, MADE) == says


@pytest.mark.parametrize(
    ("keys", "canary", "says"),
    [
        (10, "bird", ""),
        (6, "bird", ""),
        (5, "bird", "REDIS_DIFFERS"),
        (11, "bird", "REDIS_DIFFERS"),
        (10, "", "CANARY_MISSING"),
    ],
)
def test_redis_has_its_keys_but_those_that_ended_by_themselves(keys: int, canary: str, says: str) -> None:
    assert code(manifest.check_redis, MADE, keys, canary) == says


def test_of_several_databases_of_redis_it_is_known_about_how_many_keys_they_have() -> None:
    about = {**MADE, "redis": {"keys": 10, "expiring": 0, "exact": False}}
    assert [code(manifest.check_redis, about, keys, "bird") for keys in (12, 5, 4)] == ["", "", "REDIS_DIFFERS"]


def test_files_are_as_the_manifest_says(tmp_path: Path) -> None:
    (tmp_path / "files/etc").mkdir(parents=True)
    (tmp_path / "files/etc/key").write_text("secret")
    (tmp_path / "mongodb.archive").write_text("dump")
    made = {**MADE, "files": manifest.of_files(tmp_path)}
    manifest.write(made, tmp_path)
    assert code(manifest.check_files, manifest.read(tmp_path, "m1"), tmp_path) == ""
    (tmp_path / "mongodb.archive").write_text("dumb")
    assert code(manifest.check_files, made, tmp_path) == "MANIFEST_DIFFERS"
    (tmp_path / "mongodb.archive").write_text("dump")
    (tmp_path / "files/etc/key").unlink()
    assert code(manifest.check_files, made, tmp_path) == "FILES_MISSING"


@pytest.mark.parametrize(
    ("text", "says"),
    [("{", "MANIFEST_MISSING"), ("[]", "MANIFEST_MISSING"), ('{"version": 1, "id": "m2"}', "MANIFEST_DIFFERS")],
)
def test_a_snapshot_that_is_none_of_ours_is_told(text: str, says: str, tmp_path: Path) -> None:
    assert code(manifest.read, tmp_path, "m1") == "MANIFEST_MISSING"
    (tmp_path / manifest.FILE).write_text(text)
    assert code(manifest.read, tmp_path, "m1") == says
