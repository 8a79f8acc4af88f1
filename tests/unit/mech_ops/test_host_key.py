"""`mech trust-host-key`: nothing is trusted that a person has not compared, and then it is trusted everywhere at once."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from mech_ops import host_key, pulumi
from mech_ops.errors import OpsError

from .everyday import stand

# Public keys of nobody, made for this test.
OLD = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJMrl1Uz7w2GG2ZnrJqs+JdgrqRNe/Mo3r1PLSvkLklK"
NEW = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIAUE/7zdLOkN2P0MCJsqp29pC1iYm7kNzWr5LqU1DDl"
STATE = {
    "deployment": {
        "resources": [
            {"type": "pulumi:pulumi:Stack", "outputs": {"host_ip": "192.0.2.1", "host_key": OLD}},
            {"type": "pulumi:providers:docker", "inputs": {"sshOpts": json.dumps(["-o", f"KnownHostsCommand=/bin/echo 192.0.2.1 {OLD}"])}},
            {"type": "command:local:Command", "outputs": {"stdout": OLD}},
        ]
    }
}  # fmt: skip


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What is shown, and what was written back."""
    about: dict[str, Any] = {"shown": NEW, "written": None}

    def run(argv: list[str], text: str | None = None) -> str:
        if "import" in argv:
            about["written"] = text
        return json.dumps(STATE)

    def scan(argv: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        assert argv == ["ssh-keyscan", "-T", "5", "-t", "ed25519", "192.0.2.1"]
        return subprocess.CompletedProcess(
            argv, 0, f"# comment\n192.0.2.1 {about['shown']}\n" if about["shown"] else "", ""
        )

    monkeypatch.setattr(pulumi, "run", run)
    monkeypatch.setattr(subprocess, "run", scan)
    return about


def nobody(question: str) -> str:
    raise AssertionError(f"asked: {question}")


def test_the_remembered_key_needs_nothing(stack: dict[str, Any]) -> None:
    stack["shown"] = OLD
    assert host_key.trust("s", None, nobody, print) is False
    assert stack["written"] is None


def test_a_key_that_was_compared_stands_everywhere(stack: dict[str, Any]) -> None:
    said: list[str] = []
    assert host_key.trust("s", None, lambda question: host_key.fingerprint(NEW), said.append)
    assert OLD not in stack["written"] and stack["written"].count(NEW) == 3
    assert json.loads(stack["written"])["deployment"]["resources"][0]["outputs"]["host_key"] == NEW
    assert host_key.fingerprint(OLD) in said[0] and host_key.fingerprint(NEW) in said[1]


@pytest.mark.parametrize("typed", ["", "yes", "SHA256:AAAA", "SHA256:" + "x" * 43])
def test_another_key_at_the_console_changes_nothing(stack: dict[str, Any], typed: str) -> None:
    with pytest.raises(OpsError, match="Somebody may stand in between"):
        host_key.trust("s", None, lambda question: typed, print)
    assert stack["written"] is None


def test_a_fingerprint_given_beforehand_asks_nobody(stack: dict[str, Any]) -> None:
    assert host_key.trust("s", host_key.fingerprint(NEW), nobody, print)


def test_a_host_that_shows_no_key(stack: dict[str, Any]) -> None:
    stack["shown"] = ""
    with pytest.raises(OpsError, match=r"shows no ssh-ed25519 key"):
        host_key.trust("s", None, nobody, print)


def test_the_fingerprint_is_the_one_of_ssh_keygen() -> None:
    done = subprocess.run(["ssh-keygen", "-lf", "-"], input=OLD, capture_output=True, text=True, check=True)
    assert done.stdout.split()[1] == host_key.fingerprint(OLD)


def test_of_a_fleet_each_host_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    state = {"deployment": {"resources": stand.fleet()}}
    monkeypatch.setattr(host_key, "shown", lambda address: f"{NEW} of {address}")
    found = host_key.keys(state, "mech-w1")
    assert (found.address, found.remembered, found.shown) == ("192.0.2.10", "ssh-ed25519 AAAA", f"{NEW} of 192.0.2.10")
    with pytest.raises(OpsError, match="there is no host 'mech-w9'"):
        host_key.keys(state, "mech-w9")
