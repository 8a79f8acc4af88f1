"""The command: its exit codes, its answers, what it notes, and that a host's words stay words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from mech_ops import cli, pulumi
from mech_ops.checklist import history, page, report
from mech_ops.cli import checklist as commands
from mech_ops.cli import shared
from mech_ops.diagnosis import gather
from mech_ops.diagnosis.bundle import Bundle
from tests.unit.mech_ops.diagnosis.html import read

from . import looks

HOSTILE = (
    "</samp></script><script>alert(1)</script><img src=x onerror=alert(1)>[red]\"'{{ 7 * 7 }}\u202e\x1b[2J\n\ud800"
)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bundle]:
    """What the look finds."""
    bundle = looks.read()

    def look(stack: str | None, heard: Any, known: Any = None, more: gather.More | None = None) -> Bundle:
        assert more and "usage" in more.host
        return bundle

    monkeypatch.setenv("LOGNAME", "ann")
    monkeypatch.setattr(gather, "look", look)
    yield bundle


def run(monkeypatch: pytest.MonkeyPatch, *words: str, terminal: Sequence[str] | None = None) -> int:
    """`terminal`: what a person types at it."""
    typed = iter(terminal or ())

    class Stdin:
        def isatty(self) -> bool:
            return terminal is not None

    monkeypatch.setattr("sys.stdin", Stdin())
    monkeypatch.setattr(commands.typer, "prompt", lambda *_, **__: next(typed))
    monkeypatch.setattr("sys.argv", ["mech", "checklist", *words])
    return cli.main()


def notes(seen: Bundle) -> list[history.Run]:
    return history.read(history.path(seen.declared["stack"]))


def data(capfd: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capfd.readouterr().out)
    return found


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_exit_codes_are_the_same_in_both_forms(monkeypatch: pytest.MonkeyPatch, seen: Bundle, form: list[str]) -> None:
    assert run(monkeypatch, "daily", *form) == 0
    assert run(monkeypatch, "weekly", *form) == 2  # not answered
    assert run(monkeypatch, "weekly", "--answer", "backup=yes", *form) == 0
    assert run(monkeypatch, "weekly", "--answer", "backup=no", *form) == 2
    seen.facts["host"]["critical"] = ["it broke"]
    assert run(monkeypatch, "daily", *form) == 2
    seen.facts["host"]["critical"] = None
    assert run(monkeypatch, "daily", *form) == 2
    assert run(monkeypatch, "yearly", *form) == 1


@pytest.mark.parametrize("given", ["backup", "backup=perhaps", "services=yes", "documentation=yes"])
def test_an_answer_that_nobody_asked_for_is_refused(
    monkeypatch: pytest.MonkeyPatch, seen: Bundle, given: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "weekly", "--answer", given) == 1
    assert "ITEM is one of backup" in " ".join(capfd.readouterr().err.split())
    assert not notes(seen)


def test_a_person_at_a_terminal_is_asked(monkeypatch: pytest.MonkeyPatch, seen: Bundle) -> None:
    assert run(monkeypatch, "monthly", terminal=["what?", "y", "no"]) == 2
    assert run(monkeypatch, "monthly", terminal=["", "yes"]) == 2
    assert run(monkeypatch, "monthly", "--answer", "recovery=yes", terminal=["yes"]) == 0
    assert [one.answers for one in notes(seen)] == [
        {"documentation": "yes", "recovery": "no"}, {"recovery": "yes"}, {"documentation": "yes", "recovery": "yes"},
    ]  # fmt: skip
    assert run(monkeypatch, "monthly", "--json", terminal=[]) == 2  # nobody is asked


def test_each_run_is_noted_and_can_be_shown(
    monkeypatch: pytest.MonkeyPatch, seen: Bundle, capfd: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, "weekly", "--answer", "backup=yes")
    run(monkeypatch, "daily")
    weekly, daily = notes(seen)
    assert (weekly.when, weekly.who, weekly.exit_code, weekly.answers) == (seen.taken, "ann", 0, {"backup": "yes"})
    assert daily.states == dict.fromkeys(("services", "logs", "resources", "security"), "ok")
    used, limit = daily.numbers["memory"]
    assert 0 < used < limit and {"disk /", "Redis' memory", "container mech-llms"} <= daily.numbers.keys()
    monkeypatch.setattr(pulumi, "run", lambda argv: seen.declared["stack"] + "\n")
    capfd.readouterr()
    assert run(monkeypatch, "weekly", "--history") == 0
    said = capfd.readouterr().out
    assert "ann" in said and "backup=yes" in said and said.count(seen.taken) == 1
    assert run(monkeypatch, "weekly", "--history", "--json", "--stack", f"org/{seen.declared['stack']}") == 0
    assert json.loads(capfd.readouterr().out)[0]["answers"] == {"backup": "yes"}


def test_who_answered_last_is_shown(
    monkeypatch: pytest.MonkeyPatch, seen: Bundle, capfd: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, "weekly", "--answer", "backup=yes")
    seen.taken = "2026-12-04T03:12:34+00:00"
    capfd.readouterr()
    run(monkeypatch, "weekly", "--json")
    backup = next(one for one in data(capfd)["items"] if one["item"] == "backup")
    assert backup["state"] == "ask" and backup["evidence"] == ["last answered yes by ann at 2026-11-27T03:12:34+00:00"]
    assert "--answer backup=yes" in backup["do"]


def test_a_bundle_is_gone_through_anywhere_and_not_noted(
    monkeypatch: pytest.MonkeyPatch, seen: Bundle, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "daily", "--save", str(tmp_path / "seen.json")) == 0
    monkeypatch.setattr(gather, "look", None)
    capfd.readouterr()
    assert run(monkeypatch, "daily", "--from", str(tmp_path / "seen.json"), "--json") == 0
    assert data(capfd)["headline"] == "4 of 4 items of the daily list are ok"
    assert len(notes(seen)) == 1


def test_what_came_after_a_bundle_was_not_before_it(
    monkeypatch: pytest.MonkeyPatch, seen: Bundle, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    seen.write(tmp_path / "seen.json")
    seen.taken = "2026-12-04T03:12:34+00:00"
    run(monkeypatch, "weekly", "--answer", "backup=yes")
    capfd.readouterr()
    run(monkeypatch, "weekly", "--from", str(tmp_path / "seen.json"), "--json")
    assert [one["evidence"] for one in data(capfd)["items"] if one["item"] == "backup"] == [[]]


def test_where_the_run_cannot_be_noted_the_list_is_said_all_the_same(
    monkeypatch: pytest.MonkeyPatch, seen: Bundle, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "state").write_text("")
    monkeypatch.setattr(history, "read", lambda file: [])
    assert run(monkeypatch, "daily") == 1
    said = capfd.readouterr()
    assert "4 of 4 items" in said.out and "cannot be noted" in said.err and "Traceback" not in said.err


def test_the_page_has_every_item_with_its_state(monkeypatch: pytest.MonkeyPatch, seen: Bundle, tmp_path: Path) -> None:
    run(monkeypatch, "weekly", "--answer", "backup=no")
    seen.taken = "2026-12-04T03:12:34+00:00"
    del seen.facts["host"]["rotation"]
    run(monkeypatch, "weekly", "--html", str(tmp_path / "week.html"))
    found = read((tmp_path / "week.html").read_text())
    cards = {card.attributes["id"]: card.one("p", _class="kind").one("b").text for card in found.all("article")}
    assert cards == {"certificates": "ok", "rotation": "skipped", "backup": "ask", "performance": "ok"}
    assert found.one("header").classes == ["warning"]
    assert found.one("h1").text == "2 of 4 items of the weekly list are ok; 1 to be answered, 1 skipped"
    assert "backup wrong" in found.one("section", aria_labelledby="past").text


def hostile(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: hostile(part) for key, part in value.items()}
    if isinstance(value, list):
        return [hostile(part) for part in value]
    return value + HOSTILE if isinstance(value, str) else value


@pytest.mark.parametrize("which", ["daily", "weekly", "monthly"])
def test_a_hosts_words_stay_words(which: str, seen: Bundle, capfd: pytest.CaptureFixture[str]) -> None:
    host = seen.facts["host"]
    host["inspected"]["mech-llms"]["said"] = [f"FATAL {HOSTILE}"]
    host["critical"] = [HOSTILE]
    host["updates"]["security"] = [[HOSTILE, "1", "2"]]
    seen.facts["tls"]["certificates"] = {HOSTILE: {"error": HOSTILE}}
    seen.facts["host"]["usage"][HOSTILE] = {"used": 99, "limit": 100}
    seen.silent = {"zone": HOSTILE}
    past = [history.Run("2026-11-20", which, HOSTILE, 2, {"services": HOSTILE})]
    for part in (seen, Bundle(**{**vars(seen), "facts": hostile(seen.facts)})):
        about = looks.through(which, part)
        text = page.page(about, past)
        text.encode()  # half a character cannot be written
        assert not {"\u202e", "\x1b"} & set(text)
        found = read(text)
        assert len(found.all("script")) == 1 and not found.all("img")
        assert not [one for one in found.all() for name in one.attributes if name.startswith("on")]
        shared.console.print(report.text(about), report.history(past), soft_wrap=True)
        said = capfd.readouterr().out
        assert "alert(1)" in said and "[red]" in said and not {"\u202e", "\x1b"} & set(said)
        assert all(
            line.startswith((" ", "ok", "wrong", "skipped", "ask", "when", "2026"))
            for line in said.splitlines()[1:]
            if line
        )
        json.loads(report.as_json(about))
