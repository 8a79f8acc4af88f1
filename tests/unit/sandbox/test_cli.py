"""`mech sandbox`: what its shell is told of the sandbox that it is on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from sandbox import cli, daemon, internet, network, stack_env
from sandbox.settings import Settings


def test_a_shell_has_its_own_sandboxs_state_whoever_asks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Else `pulumi up` in it would be one of the state that the shell around it was activated for."""
    seen: dict[str, Any] = {}

    def command(_settings: Settings, argv: list[str], env: dict[str, str]) -> int:
        seen.update(argv=argv, env=env)
        return 3

    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///elsewhere")
    monkeypatch.setattr(cli, "_settings", lambda: Settings("other", tmp_path, tmp_path, 7))
    monkeypatch.setattr(daemon, "ready", lambda _settings: True)
    monkeypatch.setattr(internet, "command", command)
    monkeypatch.setattr(
        "sandbox.credentials.load", lambda _settings: {"vultr_api_key": "v", "cloudflare_api_token": "c"}
    )
    done = CliRunner().invoke(cli.app, ["shell", "--", "pulumi", "preview"])
    assert (done.exit_code, seen["argv"]) == (3, ["pulumi", "preview"])
    assert seen["env"] == stack_env.variables(Settings("other", tmp_path, tmp_path, 7))
    assert str(tmp_path) in seen["env"]["PULUMI_BACKEND_URL"] and seen["env"]["MECH_SANDBOX"] == "other"


@pytest.mark.parametrize("words", [["stop"], ["reset", "--yes"], ["reset"]])
def test_one_that_is_not_there_is_said_and_nothing_is_touched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: list[str]
) -> None:
    """Its network is the one that its name leads to, and may be that of a sandbox that runs."""
    monkeypatch.setattr(cli, "_settings", lambda: Settings("other", tmp_path / "other", tmp_path, 7))
    monkeypatch.setattr(network, "down", lambda _settings: pytest.fail("a network was taken away"))
    monkeypatch.setattr(stack_env, "remove", lambda _settings: None)
    done = CliRunner().invoke(cli.app, words)
    assert (done.exit_code, done.output.strip()) == (0, "there is no sandbox other")
    assert not (tmp_path / "other").exists()
