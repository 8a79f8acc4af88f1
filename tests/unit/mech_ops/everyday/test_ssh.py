"""`mech ssh`: the words that ssh gets, and the exit code that comes back."""

from __future__ import annotations

import json

import pytest

from mech_infra.commands import sharing
from mech_ops import pulumi
from mech_ops.errors import OpsError
from mech_ops.everyday import ssh as shell

from . import stand

STATE = {"deployment": {"resources": stand.resources()}}
OPTIONS = [
    "-o",
    "ConnectTimeout=5",
    "-o",
    "BatchMode=yes",
    "-o",
    "ServerAliveInterval=5",
    "-o",
    "ServerAliveCountMax=3",
]


@pytest.mark.parametrize(
    ("words", "terminal", "end"),
    [
        ([], True, ["-t", "root@192.0.2.9"]),
        (["docker ps | head -1"], False, ["root@192.0.2.9", "docker ps | head -1"]),
        (["ls", "-l", "a b"], False, ["root@192.0.2.9", "ls -l 'a b'"]),
    ],
)
def test_the_words_for_ssh(words: list[str], terminal: bool, end: list[str]) -> None:
    assert shell.argv(*shell.where(STATE, words), terminal) == ["ssh", *OPTIONS, "-p", "22", *end]


def test_the_exit_code_is_the_commands(ssh: stand.Ssh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi, "run", lambda argv: json.dumps(STATE))
    for code in (0, 7, 255):
        ssh.answers(f"exit {code}")
        assert shell.run(None, ["true"], terminal=False) == code


def test_one_that_is_not_reached_is_said_once(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pulumi, "run", lambda argv: json.dumps(STATE))
    monkeypatch.setattr(sharing, "share", lambda ssh, user_host: f"connect to {user_host}: no route")
    assert shell.run(None, ["true"], terminal=False) == 255
    assert capfd.readouterr().err == "connect to root@192.0.2.9: no route\n"


def test_a_stack_without_a_host_is_one_sentence() -> None:
    with pytest.raises(OpsError, match="no host yet"):
        shell.where({"deployment": {}}, [])
