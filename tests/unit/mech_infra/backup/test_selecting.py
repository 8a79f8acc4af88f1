"""--only as people write it: what is meant, which services write to it, and what is refused."""

from __future__ import annotations

import pytest

from mech_infra.backup.selecting import selection


def writers(*words: str) -> list[list[str]]:
    return [[one.name for one in group] for group in selection(words).writers()]


def test_without_a_word_both_databases_and_no_files() -> None:
    wanted = selection([])
    assert (wanted.has("mech.jobs"), wanted.redis, wanted.files) == (True, True, False)


@pytest.mark.parametrize(
    ("word", "has", "lacks"),
    [
        ("mongodb", "mech.jobs", ""),
        ("mongodb.mech", "mech.jobs", "mechanic.jobs"),
        ("mongodb.mech.jobs", "mech.jobs", "mech.jobs2"),
        ("mongodb.mech.jobs.old", "mech.jobs.old", "mech.jobs"),
    ],
)
def test_a_namespace_is_meant_as_it_is_written(word: str, has: str, lacks: str) -> None:
    wanted = selection([word])
    assert wanted.has(has) and not (lacks and wanted.has(lacks))
    assert (wanted.redis, wanted.words()) == (False, [word])


def test_a_database_covers_its_collections() -> None:
    assert selection(["mongodb.mech", "mongodb.mech.jobs", "mongodb.other.one"]).patterns == ("mech.*", "other.one")
    assert selection(["mongodb", "mongodb.mech.jobs"]).patterns == ("*",)


@pytest.mark.parametrize(
    "word",
    ["", "mongo", "mongodb.", "mongodb.me ch", "mongodb.mech.*", "mongodb.admin", "redis.0", "file", "mongodb.mech."],
)
def test_what_is_in_no_snapshot_is_refused_in_one_sentence(word: str) -> None:
    with pytest.raises(ValueError, match="write mongodb, mongodb.DATABASE"):
        selection([word])


def test_who_calls_another_one_starts_after_it_and_whoever_does_not_write_there_goes_on() -> None:
    groups = writers()
    assert groups[-1] == ["sequences"] and "queue" in groups[0] and not any("reader" in group for group in groups)
    assert writers("redis") == [["queue"], ["sequences"]]
    assert not any("sequences" in group for group in writers("mongodb.mech"))
    assert writers("files") == []
