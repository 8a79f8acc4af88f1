"""`mech policy check` and `mech policy state`: exit codes and formats."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from policies import mocked
from policies.cli import app

runner = CliRunner()


@pytest.mark.parametrize("stack", ["sandbox", "prod"])
def test_both_stacks_are_clean(stack: str) -> None:
    done = runner.invoke(app, ["check", "--stack", stack])
    assert done.exit_code == 0, done.output
    assert "0 violation(s)" in done.output


def stack_file(folder: Path, text: str) -> Path:
    (folder / "Pulumi.bad.yaml").write_text("config:\n" + text)
    return folder


def test_a_refused_config_is_code_2_in_all_formats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edge = "  mech:edge: {zoneId: '00000000000000000000000000000001'}\n"
    stack_file(tmp_path, edge + "  mech:certificate: {validDays: 20, renewBeforeDays: 5}\n")
    whole = mocked.declare
    monkeypatch.setattr(mocked, "declare", lambda stack: whole(stack, tmp_path))
    text = runner.invoke(app, ["check", "--stack", "bad"])
    assert text.exit_code == 2
    assert "REFUSED certificate-short" in text.output
    found = json.loads(runner.invoke(app, ["check", "--stack", "bad", "--format", "json"]).stdout)
    assert "certificate-short" in [finding["rule"] for finding in found["findings"]]
    sarif = json.loads(runner.invoke(app, ["check", "--stack", "bad", "--format", "sarif"]).stdout)
    assert sarif["version"] == "2.1.0"
    assert "certificate-short" in [result["ruleId"] for result in sarif["runs"][0]["results"]]


def test_a_wrong_value_is_code_1_with_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stack_file(tmp_path, "  mech:edge: {zoneId: '00000000000000000000000000000001', ssl: flexibel}\n")
    whole = mocked.declare
    monkeypatch.setattr(mocked, "declare", lambda stack: whole(stack, tmp_path))
    done = runner.invoke(app, ["check", "--stack", "bad"])
    assert done.exit_code == 1
    assert "mech:edge.ssl" in done.output


def test_no_such_stack_and_no_such_state(tmp_path: Path) -> None:
    assert runner.invoke(app, ["check", "--stack", "nowhere"]).exit_code == 1
    (tmp_path / "x.json").write_text("{}")
    assert runner.invoke(app, ["state", str(tmp_path / "x.json")]).exit_code == 1
