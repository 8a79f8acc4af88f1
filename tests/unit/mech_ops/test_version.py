"""`mech version`: what it says, and its exit codes."""

from __future__ import annotations

import json
import subprocess
from importlib import metadata
from typing import Any

import pytest
from typer.testing import CliRunner

from mech_infra.version import version
from mech_ops import cli, pulumi
from mech_ops.errors import OpsError

ENGINE = metadata.version("pulumi")
OLDER = "0.9.10"
# The others' numbers do not depend on this program's.
NEWER = "99.0.0"


def asked(
    monkeypatch: pytest.MonkeyPatch, outputs: dict[str, Any] | OpsError, engine: str | OpsError, *more: str
) -> tuple[int, str]:
    def read(stack: str | None) -> dict[str, Any]:
        if isinstance(outputs, OpsError):
            raise outputs
        return outputs

    def run(argv: list[str], limit_s: float) -> subprocess.CompletedProcess[str]:
        if isinstance(engine, OpsError):
            raise engine
        return subprocess.CompletedProcess(argv, 0, f"v{engine}\n", "")

    monkeypatch.setattr(pulumi, "outputs", read)
    monkeypatch.setattr(pulumi, "attempt", run)
    done = CliRunner().invoke(cli.app, ["version", *more])
    return done.exit_code, done.output


@pytest.mark.parametrize(
    ("outputs", "engine", "code", "says"),
    [
        ({"version": version(), "host_ip": "203.0.113.7"}, ENGINE, 0, f"last brought up by {version()}\n"),
        ({"version": OLDER}, ENGINE, 2, f"last brought up by {OLDER}; CHANGELOG.md says what lies between"),
        ({"version": NEWER}, ENGINE, 2, f"last brought up by {NEWER}, which is newer than this program"),
        ({"host_ip": "203.0.113.7"}, ENGINE, 0, f"up, by a version before {version()}: it noted none"),
        ({}, ENGINE, 0, "not up"),
        (OpsError("no stack selected"), ENGINE, 0, "not known: no stack selected"),
        ({}, "3.1.0", 2, f"3.1.0, and the program is made for {ENGINE}"),
        ({}, OpsError("pulumi is not on PATH"), 0, "not on PATH"),
    ],
)
def test_it_says_what_fits_and_what_does_not(
    monkeypatch: pytest.MonkeyPatch, outputs: dict[str, Any] | OpsError, engine: str | OpsError, code: int, says: str
) -> None:
    found, said = asked(monkeypatch, outputs, engine)
    assert says in said
    assert found == code
    assert f"program  {version()}\n" in said
    found, said = asked(monkeypatch, outputs, engine, "--json")
    about = json.loads(said)
    assert (found, about["exit_code"]) == (code, code)
    assert about["engine"]["pinned"] == ENGINE
    assert about["stack"]["version"] == (outputs.get("version") if isinstance(outputs, dict) else None)
    assert about["plugins"]["vultr"] == metadata.version("ediri_vultr")


def test_a_stack_that_is_named_and_cannot_be_read_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(stack: str | None) -> dict[str, Any]:
        raise OpsError(f"no stack named {stack!r}")

    monkeypatch.setattr(pulumi, "outputs", read)
    with pytest.raises(OpsError, match="no stack named 'x'"):
        CliRunner().invoke(cli.app, ["version", "--stack", "x"], catch_exceptions=False)
