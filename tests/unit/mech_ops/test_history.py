"""`mech history`: from the engine's history to versions."""

from __future__ import annotations

import pytest

from mech_ops.versions import definition, words

from .updates import back, changes, config, past, search, told


def test_updates_that_change_nothing_of_the_service_are_no_version() -> None:
    found = past(search(), config({"search": {}, "llm": {"memoryMb": 900}}), "refresh", search(version="1.0.1"), search(version="1.0.1"))  # fmt: skip
    assert told(found) == [(2, "1.0.1", "served", "03-now"), (1, "1.0.0", "served", "00-03")]
    assert [row["serving"] for row in words.rows(found)] == [True, False]


def test_what_differs_is_told_in_words_without_the_environments_values() -> None:
    first = {"version": "1.0.0", "environment": {"A": "one", "B": "two"}}
    second = {"version": "1.0.1", "memoryMb": 900, "cpus": 0.7, "environment": {"A": "other"}}
    found = past(search(**first), search(**second), search(image="other/image@sha256:12"), search(**first))
    assert [row["differs"] for row in words.rows(found)] == [
        ["as 1"],
        ["image other/image@sha256:12", "memoryMb 512", "cpus 0.5", "without environment A"],
        ["image 1.0.1", "memoryMb 900", "cpus 0.7", "environment A", "without environment B"],
        ["the first one"],
    ]


def test_the_number_of_containers_and_nginx_patience_are_no_version() -> None:
    assert len(past(search(), search(replicas=2, readTimeoutS=300)).versions) == 1


def test_a_failed_update_is_told_and_what_served_goes_on() -> None:
    found = past(search(), (search(version="bad"), "failed"), (search(version="bad"), "failed"), search())
    assert told(found) == [(2, "bad", "failed", "01-01"), (1, "1.0.0", "served", "00-now")]


def test_a_failed_version_that_comes_through_later_is_one_row_and_served_from_then_on() -> None:
    found = past(search(), (search(version="1.0.1"), "failed"), search(version="1.0.1"))
    assert told(found) == [(2, "1.0.1", "served", "02-now"), (1, "1.0.0", "served", "00-02")]


def test_an_update_that_failed_for_another_service_did_bring_this_one() -> None:
    updates = (search(), (search(version="1.0.1"), "failed"))
    assert past(*updates, switched="2026-11-26T10:00:29.123456789Z").serving.definition.tag == "1.0.0"  # type: ignore[union-attr]
    found = past(*updates, switched="2026-11-26T10:01:20.123456789Z")
    assert told(found)[0] == (2, "1.0.1", "served", "01-now")
    assert changes(back(found, search(version="1.0.1"))) == {"mech:services": None}


def test_after_a_destroy_nothing_serves_and_the_same_version_is_a_row_again() -> None:
    assert past(search(), "destroy").serving is None
    assert told(past(search(), "destroy", search())) == [
        (2, "1.0.0", "served", "02-now"),
        (1, "1.0.0", "served", "00-01"),
    ]


def test_updates_whose_config_cannot_be_read_are_counted_and_left_out() -> None:
    hidden = {**search(), "mech:services": {"secret": True}}
    found = past(search(), hidden, search(gone=1), (search(memoryMb="lots"), "failed"), search(version="1.0.1"))
    assert (len(found.versions), found.unread) == (2, 2)


def test_a_key_of_another_section_that_is_gone_since_costs_nothing() -> None:
    assert len(past(config({}, host={"colour": "red"})).versions) == 1


def test_the_running_update_is_not_there_yet() -> None:
    assert past(search(), (search(version="1.0.1"), "in-progress")).serving.number == 1  # type: ignore[union-attr]


def test_the_table_marks_the_one_that_serves(capsys: pytest.CaptureFixture[str]) -> None:
    from rich.console import Console

    Console(width=120).print(words.table(past(search(), search(version="[1]"), (search(version="bad"), "failed"))))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["version", "differs", "in", "from", "to", "result"]
    assert ["never served" in lines[1], "serves now" in lines[2], "serves now" in lines[3]] == [True, True, False]
    assert "[1]" in lines[2]


def test_tags() -> None:
    def tag(image: str) -> str:
        return definition.Definition(image, 1, 1, 1, {}).tag

    assert [tag("a/b:1.0"), tag("host:5000/b"), tag("host:5000/b:2"), tag("a/b@sha256:12")] == ["1.0", "b", "2", "12"]
