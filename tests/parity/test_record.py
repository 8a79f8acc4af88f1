"""The recorder: what it keeps, what it replaces, what it refuses."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.providers import install
from tests.parity import record
from tests.parity.recordings import calls

URN = "urn:pulumi:s::mech::docker:index/container:Container::services-llm"


def entry(inputs: dict[str, Any], name: str = "docker", **more: Any) -> dict[str, Any]:
    return {
        "method": "/pulumirpc.ResourceProvider/Check",
        "request": {"urn": URN, "news": inputs},
        "response": {"inputs": inputs},
        "metadata": {"kind": "resource", "mode": "client", "name": name},
        "progress": "response_completed",
        **more,
    }


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PULUMI_HOME with official plugins, as far as anybody can tell."""
    for name in record.PLUGINS:
        folder = install.folder(tmp_path, name)
        folder.mkdir(parents=True)
        program = folder / f"pulumi-resource-{name}"
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    return tmp_path


def log(folder: Path, *entries: dict[str, Any]) -> Path:
    path = folder / "20-step.json"
    path.write_text("".join(json.dumps(item) + "\n" for item in entries))
    return path


def test_calls_are_kept_once_and_of_the_named_plugins_only(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    started = entry({"name": "a"}, progress="request_started")
    other = entry({"name": "b"}, name="cloudflare")
    path = log(home, started, entry({"name": "a"}), other, entry({}, method="/pulumirpc.LanguageRuntime/Run"))
    assert record.main(["--to", str(home), str(path)]) == 0
    with gzip.open(home / "20-step.jsonl.gz", "rt") as kept:
        lines = [json.loads(line) for line in kept]
    assert [(line["call"], line["plugin"], line["request"]["news"]) for line in lines] == [
        ("Check", "docker", {"name": "a"})
    ]
    assert "1 calls" in capsys.readouterr().out
    assert str(next(iter(calls(home)))).startswith("20-step:1 docker Check services-llm")


def test_addresses_keys_and_the_stacks_secrets_are_replaced(home: Path) -> None:
    pem = "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----\n"
    run = {
        "method": "/pulumirpc.LanguageRuntime/Run",
        "request": {
            "config": {"mech:OPENAI_API_KEY": "sk-proj-1234567890abcdef"},
            "configSecretKeys": ["mech:OPENAI_API_KEY"],
        },
    }
    given = {
        "host": "ssh://root@10.77.31.200:22", "privateKey": pem, "key": "ssh-ed25519 AAAAC3Nza mech",
        "envs": ["OPENAI_API_KEY=sk-proj-1234567890abcdef"], "__internal": {"version": 1},
    }  # fmt: skip
    kept = record.recorded([entry(given)], ("docker",), record.secrets([run]))[0]["request"]["news"]
    assert kept == {
        "host": "ssh://root@10.77.0.200:22", "privateKey": "PRIVATE-KEY", "key": f"ssh-ed25519 {record.PUBLIC} mech",
        "envs": ["OPENAI_API_KEY=recorded-OPENAI_API_KEY"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("-----BEGIN RSA PRIVATE KEY-----\ncut off", "a private key"),
        ("OPENAI_API_KEY=sk-proj-1234567890abcdef", "a vendor's key"),
        ("ghp_0123456789abcdefghijklmn", "a vendor's key"),
        ("Authorization: Bearer abcdefghijklmnopqrstuvwxyz", "a token"),
        ("REDIS_PASSWORD=correct-horse", "a secret setting"),
        ("mongodb://mech:correct-horse@mongodb:27017/mech", "a password in an address"),
    ],
)
def test_what_looks_like_a_secret_is_refused(
    home: Path, capsys: pytest.CaptureFixture[str], text: str, what: str
) -> None:
    path = log(home, entry({"envs": [text]}))
    assert record.main(["--to", str(home), str(path)]) == 2
    said = capsys.readouterr().err
    assert f"{what} remains" in said and "services-llm" in said and text not in said
    assert not list(home.glob("*.jsonl.gz"))


def test_a_stand_in_is_not_recorded_as_the_official_plugin(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = log(home, entry({"name": "a"}))
    place = install.folder(home, "vultr")
    (place / install.MARKER).touch()
    (place / "pulumi-resource-vultr").write_text(install.launcher(home, "vultr"))
    assert record.main([str(path), "--to", str(home)]) == 2
    assert "the plugin vultr" in capsys.readouterr().err
    assert record.main(["--plugins", "docker,command", "--to", str(home), str(path)]) == 0


def test_another_file_and_none_are_said_plainly(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = home / "x.json"
    path.write_text("not json\n")
    assert record.main(["--to", str(home), str(path)]) == 1
    assert "x.json:1 is not a line of PULUMI_DEBUG_GRPC" in capsys.readouterr().err
    assert record.main(["--to", str(home), str(home / "absent.json")]) == 1
    assert record.main(["--to", str(home), str(log(home))]) == 2


def test_no_recording_in_the_repository_holds_what_the_recorder_would_refuse() -> None:
    for call in calls():
        record._refuse(
            {"plugin": call.plugin, "call": call.method, "request": call.request, "response": call.response}, {}
        )
