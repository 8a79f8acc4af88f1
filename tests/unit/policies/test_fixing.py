"""`mech policy fix`: one right answer is written, the rest of the file stays as it was."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mech_infra.config import refused
from mech_infra.config.platform import PlatformConfig
from policies import mocked
from policies.cli import app
from policies.fixing import fix
from policies.model import Finding
from policies.report import Verdict
from policies.rules import BY_ID, RULES

runner = CliRunner()
BAD = """\
# Ours. To be kept.
config:
  mech:edge:  # the zone
    zoneId: "00000000000000000000000000000001"
    alwaysUseHttps: false  # for the old app
  mech:certificate: {validDays: 20, renewBeforeDays: 5}
"""


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "Pulumi.bad.yaml"
    file.write_text(BAD)
    whole = mocked.declare
    monkeypatch.setattr(mocked, "declare", lambda stack, running: whole(stack, tmp_path, running))
    monkeypatch.setattr(mocked, "ROOT", tmp_path)
    return file


def test_it_is_shown_first_and_nothing_is_written(stack: Path) -> None:
    done = runner.invoke(app, ["fix", "--stack", "bad"])
    assert done.exit_code == 2
    assert "\n-    alwaysUseHttps: false  # for the old app\n" in done.output
    assert "\n+    alwaysUseHttps: true" in done.output
    assert "nothing was written" in done.output
    assert stack.read_text() == BAD


def test_what_it_writes_is_let_through_and_comments_stay(stack: Path) -> None:
    done = runner.invoke(app, ["fix", "--stack", "bad", "--yes"])
    assert done.exit_code == 0, done.output
    text = stack.read_text()
    assert "# Ours. To be kept." in text and "# the zone" in text and 'zoneId: "0000' in text
    assert re.search(r"^    alwaysUseHttps: true +# for the old app$", text, re.M)
    assert "validDays: 365" in text and "webFrom" not in text
    assert runner.invoke(app, ["check", "--stack", "bad"]).exit_code == 0
    assert runner.invoke(app, ["fix", "--stack", "bad", "--yes"]).output.endswith("one right answer only\n")


@pytest.mark.parametrize(
    ("rule", "advice", "changes"),
    [
        ("edge-redirect-loop", True, False),
        ("firewall-origin-open", False, False),
        ("firewall-origin-open", True, True),
    ],
)
def test_what_has_two_answers_or_is_advice_is_left_to_people(
    stack: Path, rule: str, advice: bool, changes: bool
) -> None:
    assert bool(fix(stack, [Verdict("bad", BY_ID[rule], [Finding("x")])], advice).diff) is changes


def test_a_section_that_is_not_there_is_made(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.x.yaml"
    file.write_text("config:\n  mech:domain: mech.is\n")
    change = fix(file, [Verdict("x", BY_ID["firewall-origin-open"], [Finding("x")])], advice=True)
    assert change.after == (
        "config:\n  mech:domain: mech.is\n  mech:firewall:\n    webFrom: cloudflare\n    exposeServicePorts: false\n"
    )


def test_each_key_that_a_rule_sets_is_one_of_the_config() -> None:
    model = PlatformConfig.model_json_schema()
    known = dict(refused.keys(model, model, "mech:"))
    for rule in RULES:
        assert set(rule.sets) <= set(known), rule.id
