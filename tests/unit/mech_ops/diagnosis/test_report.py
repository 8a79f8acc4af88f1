"""How a diagnosis is said: one sentence first, the same exit code as text and as JSON, and what was not looked at."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rich.console import Console

from mech_ops.diagnosis import report
from mech_ops.diagnosis.bundle import Bundle
from mech_ops.diagnosis.look import Look
from mech_ops.diagnosis.ranking import diagnose

from . import patches


def said(seen: Bundle) -> str:
    console = Console(width=200, highlight=False)
    with console.capture() as captured:
        console.print(report.text(diagnose(Look(seen))), soft_wrap=True)
    return captured.get()


def edge(seen: Bundle, **codes: Any) -> Bundle:
    for name, code in codes.items():
        down = {"code": code, "ms": 1, "status": "degraded" if code == 503 else "", "error": "", "dependencies": {}}
        seen.facts["edge"]["answers"][name] = down
    return seen


def test_all_is_well_in_one_line() -> None:
    assert said(patches.read()).startswith("all 8 services are well; nothing is wrong (")


@pytest.mark.parametrize(
    ("codes", "words"),
    [
        ({"llm": 522}, "1 of 8 services down: "),
        ({"llm": 503}, "1 of 8 services degraded: "),
        ({"llm": 522, "queue": 503}, "2 of 8 services fail (1 down, 1 degraded): "),
    ],
)
def test_who_fails_stands_in_the_first_sentence(codes: dict[str, int], words: str) -> None:
    assert said(edge(patches.read(), **codes)).startswith(words)


def test_what_could_not_be_looked_at_is_skipped_and_never_passed() -> None:
    seen = patches.read()
    seen.facts["host"]["machine"] = None
    text = said(seen)
    assert "nothing is wrong in what could be looked at" in text
    assert "skipped (because host.machine could not be read)" in text and "LOAD_HIGH" in text


def test_visitors_who_were_not_asked_are_never_passed_as_well() -> None:
    seen = patches.read()
    seen.facts.pop("edge")
    seen.silent["edge"] = "this machine knows none of the services' names"
    first = said(seen).splitlines()[0]
    assert first.startswith("all 8 services are well on the host; nothing is wrong in what could be looked at")
    assert "edge says nothing: this machine knows none of the services' names" in first
    assert diagnose(Look(seen)).exit_code == 2


def test_json_tells_scripts_the_same_and_people_where_to_read_on() -> None:
    found = diagnose(Look(edge(patches.read(), llm=522)))
    data = json.loads(report.as_json(found))
    assert data["exit_code"] == found.exit_code == 2
    assert data["headline"] == report.headline(found)
    first = data["causes"][0]
    assert first["page"] == f"docs/causes.md#{first['code'].lower()}"
    assert first["fix"] and first["services"] == ["llm"] and first["evidence"]


def test_text_from_a_host_is_no_markup() -> None:
    seen = patches.read()
    seen.drift.append({"kind": "file", "label": "/x[red]", "there": "edited[/]", "declared": "unchanged", "about": {}})
    assert "/x[red] is edited[/]" in said(seen)
