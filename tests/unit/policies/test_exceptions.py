"""Exceptions: what is accepted is shown and does not refuse; what has ended, or accepts nothing, does."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from policies import exceptions, mocked, pack
from policies.accepted import Accepted
from policies.cli import app
from policies.exceptions import Exceptions, load
from policies.model import ExceptionsProblem, Finding, Resource
from policies.rules import BY_ID

runner = CliRunner()
TODAY = datetime.date(2026, 11, 27)
GOOD = {
    "rule": "certificate-short",
    "resource": "certificates-*",
    "because": "a test of renewal",
    "by": "dana",
    "until": "2027-01-31",
}


@pytest.fixture
def short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stack that is refused for one thing; its folder."""
    (tmp_path / "Pulumi.bad.yaml").write_text(
        "config:\n  mech:edge: {zoneId: '00000000000000000000000000000001'}\n"
        "  mech:certificate: {validDays: 20, renewBeforeDays: 5}\n"
    )
    whole = mocked.declare
    monkeypatch.setattr(mocked, "declare", lambda stack, running: whole(stack, tmp_path, running))
    return tmp_path


def check(folder: Path, entries: object, *more: str) -> tuple[int, str]:
    file = folder / "exceptions.yaml"
    file.write_text(json.dumps(entries))
    done = runner.invoke(app, ["check", "--stack", "bad", "--exceptions", str(file), *more])
    return done.exit_code, done.output


def later(days: int) -> str:
    return (datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days)).isoformat()


def test_what_is_accepted_is_shown_and_refuses_nothing(short: Path) -> None:
    code, text = check(short, [{**GOOD, "until": later(9)}])
    assert code == 0
    assert (
        f"accepted certificate-short: the self-signed certificate is valid for 20 days only (until {later(9)}, by dana"
        in text
    )
    code, text = check(short, [{**GOOD, "until": later(9)}], "--format", "sarif")
    (result,) = [
        r for r in json.loads(text[text.index("{") :])["runs"][0]["results"] if r["ruleId"] == "certificate-short"
    ]
    assert result["suppressions"][0]["justification"].startswith("a test of renewal (by dana, until ")


def test_one_that_has_ended_is_refused_with_what_it_accepted(short: Path) -> None:
    code, text = check(short, [{**GOOD, "until": "2026-01-01"}])
    assert code == 2
    assert "REFUSED certificate-short" in text
    assert (
        "REFUSED policy-exception-ended: the exception certificate-short on certificates-* ended on 2026-01-01" in text
    )


@pytest.mark.parametrize(
    "about", [{"resource": "certificate"}, {"rule": "proxy-body-size"}, {"stack": "ba?", "resource": "x"}]
)
def test_one_that_accepts_nothing_is_refused(short: Path, about: dict[str, str]) -> None:
    code, text = check(short, [{**GOOD, "until": later(9), **about}])
    assert code == 2
    assert "REFUSED policy-exception-idle" in text


def test_one_of_another_stack_is_neither_used_nor_idle(short: Path) -> None:
    code, text = check(short, [{**GOOD, "until": later(9), "stack": "prod"}])
    assert (code, "REFUSED certificate-short" in text, "policy-exception" in text) == (2, True, False)


def test_a_baseline_accepts_all_that_is_there(short: Path) -> None:
    made = runner.invoke(app, ["baseline", "--stack", "bad", "--by", "dana", "--until", later(30)])
    (short / "taken.yaml").write_text(made.stdout)
    done = runner.invoke(app, ["check", "--stack", "bad", "--exceptions", str(short / "taken.yaml")])
    assert (made.exit_code, done.exit_code) == (0, 0), done.output
    assert "accepted certificate-short" in done.output


def test_refused_by_severity(short: Path) -> None:
    (short / "Pulumi.bad.yaml").write_text("config:\n  mech:edge: {zoneId: '00000000000000000000000000000001'}\n")
    assert check(short, [])[0] == 0
    advice = runner.invoke(app, ["check", "--stack", "bad", "--format", "json"])
    worst = {row["severity"] for row in json.loads(advice.stdout)["findings"]}
    assert check(short, [], "--fail-on", min(worst, key=["critical", "high", "medium", "low"].index))[0] == 2
    assert check(short, [], "--fail-on", "critical")[0] == (2 if "critical" in worst else 0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "cannot be read"),
        ("rule: x", "is not a list of entries"),
        ("[1]", "entry 1"),
        (json.dumps([{k: v for k, v in GOOD.items() if k != "because"}]), "entry 1: because is missing"),
        (json.dumps([GOOD, {**GOOD, "until": "soon"}]), "entry 2: until is not a day; write it as 2027-03-31"),
        (json.dumps([{**GOOD, "until": "2031-01-01"}]), "until 2031-01-01 is more than 366 days away"),
        (json.dumps([{**GOOD, "rule": "certificate-shrt"}]), "there is no rule 'certificate-shrt'"),
        (json.dumps([{**GOOD, "reason": "x"}]), "reason is no key of an entry"),
        (json.dumps([{**GOOD, "because": "ok"}]), "because says too little"),
        (json.dumps([{**GOOD, "by": 5}]), "by is not a text"),
    ],
)
def test_a_file_that_says_nonsense_is_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "exceptions.yaml"
    file.write_text(text)
    with pytest.raises(ExceptionsProblem) as problem:
        load(file, BY_ID, TODAY)
    assert said in str(problem.value)
    assert "\n" not in str(problem.value)


def test_no_file_accepts_nothing(tmp_path: Path) -> None:
    assert load(tmp_path / "none.yaml", BY_ID, TODAY) == []


def test_it_holds_on_its_last_day() -> None:
    rule, resource = BY_ID["certificate-short"], Resource("x", "certificates-self-signed", {})
    for until, left in (("2026-11-27", 0), ("2026-11-26", 1)):
        known = Exceptions([Accepted.model_validate({**GOOD, "until": until})], TODAY)
        assert len(known.sort("prod", rule, [Finding("x", resource)]).open) == left


def test_the_pack_knows_them_too(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = Accepted.model_validate({**GOOD, "rule": "data-no-grace", "resource": "datastores-redis", "stack": "prod"})
    pack._known.cache_clear()
    monkeypatch.setattr(exceptions, "load", lambda **_: [entry])
    said: list[str] = []
    for stack in ("prod", "dev"):
        redis = Resource(
            "docker:index/container:Container",
            "datastores-redis",
            {"name": "redis", "image": "redis", "destroyGraceSeconds": 2},
            f"urn:pulumi:{stack}::mech::t::n",
        )
        pack._judge(BY_ID["data-no-grace"], pack.Stack([redis]), lambda text, urn: said.append(str(urn)))
    pack._known.cache_clear()
    assert said == ["urn:pulumi:dev::mech::t::n"]
