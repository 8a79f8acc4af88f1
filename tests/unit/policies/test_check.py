"""`mech policy check` and `mech policy state`: exit codes and formats."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from policies import exported, mocked
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
    monkeypatch.setattr(mocked, "declare", lambda stack, running: whole(stack, tmp_path, running))
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
    monkeypatch.setattr(mocked, "declare", lambda stack, running: whole(stack, tmp_path, running))
    done = runner.invoke(app, ["check", "--stack", "bad"])
    assert done.exit_code == 1
    assert "mech:edge.ssl" in done.output


def test_no_such_stack_and_no_such_state(tmp_path: Path) -> None:
    assert runner.invoke(app, ["check", "--stack", "nowhere"]).exit_code == 1
    (tmp_path / "x.json").write_text("{}")
    assert runner.invoke(app, ["state", str(tmp_path / "x.json")]).exit_code == 1


BLOCK = "urn:pulumi:sandbox::mech::mech:platform:DataVolume$vultr:index/blockStorage:BlockStorage::data-block"


@pytest.mark.parametrize(("size", "code"), [(40, 0), (80, 2)])
def test_the_program_is_held_against_what_runs(monkeypatch: pytest.MonkeyPatch, size: int, code: int) -> None:
    kept = {"type": "vultr:index/blockStorage:BlockStorage", "outputs": {"region": "ewr", "sizeGb": size}}
    monkeypatch.setattr(exported, "running", lambda stack: {BLOCK: kept})
    done = runner.invoke(app, ["check", "--stack", "sandbox", "--format", "json"])
    assert done.exit_code == code
    assert [f["rule"] for f in json.loads(done.stdout)["findings"] if f["level"] == "mandatory"] == ["data-guard"] * (
        size > 40
    )
    said = runner.invoke(app, ["check", "--stack", "sandbox"])
    assert ("REFUSED data-guard: data-block (block storage): 80 GB → 40 GB cuts it" in said.output) is (size > 40)


def test_a_state_that_cannot_be_read_is_said_and_refuses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    done = runner.invoke(app, ["check", "--stack", "sandbox"])
    assert (done.exit_code, "not compared with what runs: pulumi is not on the PATH" in done.output) == (0, True)
