"""`mech backup`: what is asked of the host, what is said, how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from mech_ops import cli
from mech_ops.errors import OpsError
from mech_ops.everyday import platform
from tests.unit.mech_ops.everyday import stand

GOOD = {
    "snapshot": "ab" * 32, "manifest": "m1", "canary": "c", "bytes": 5_000_000, "added": 1_200_000, "seconds": 7.4,
    "collections": 3, "documents": 120, "keys": 9,
}  # fmt: skip
PROOF = {"snapshot": "ab" * 32, "manifest": "m1", "taken": 1_700_000_000.0, "seconds": 21.0}
BAD = {"kind": "failed", "code": "CANARY_MISSING", "says": "the dump has not the canary"}


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> stand.Ssh:
    monkeypatch.setattr(platform, "read", lambda stack: stand.platform())
    return stand.Ssh(tmp_path, monkeypatch)


def says(ssh: stand.Ssh, *records: dict[str, Any], code: int = 0, plain: str = "a banner") -> None:
    lines = [f"MECH-BACKUP {json.dumps(one)}" for one in records]
    ssh.answers("\n".join(["cat <<'SAID'", plain, *lines, "SAID", f"exit {code}"]))


def end(code: int, **result: Any) -> dict[str, Any]:
    return {"kind": "end", "code": code, "result": result}


def invoke(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli.app, ["backup", *words])
    if isinstance(done.exception, OpsError):
        raise done.exception
    return done.exit_code, done.stdout


@pytest.mark.parametrize(
    ("word", "result", "line"),
    [
        ("now", GOOD, "snapshot abababab: 120 documents of 3 collections, 9 keys of Redis, 5.0 MB, 1.2 MB of it new, in 7 s"),
        ("prove", PROOF, "snapshot abababab of 2023-11-14 22:13 is proved: restored and compared in 21 s"),
        ("now --fast", GOOD, "snapshot abababab: 120 documents of 3 collections, 9 keys of Redis, 5.0 MB, 1.2 MB of it new, in 7 s"),
        ("check", {"part": 3, "of": 28, "at": 1.0}, "the repository is whole as far as it was read: part 3 of 28"),
    ],
)  # fmt: skip
def test_text_and_json_say_the_same(ssh: stand.Ssh, word: str, result: dict[str, Any], line: str) -> None:
    says(ssh, {"kind": "alive"}, {"kind": "progress", "says": "MongoDB is dumped"}, end(0, **result))
    words = word.split()
    assert invoke(*words) == (0, line + "\n")
    assert f"/usr/local/sbin/mech-backup --wire --wait 3600 {word} 2>&1" in "\n".join(ssh.words)
    code, said = invoke(*words, "--json")
    found = json.loads(said)
    assert (code, found["exit_code"]) == (0, 0)
    assert found.get("snapshot", "") == result.get("snapshot", "")


@pytest.mark.parametrize(("word", "code"), [("now", 1), ("prove", 2), ("check", 2), ("list", 1)])
def test_what_failed_is_one_sentence_with_the_hosts_own_exit_code(ssh: stand.Ssh, word: str, code: int) -> None:
    says(ssh, BAD, end(code), code=code)
    assert invoke(word) == (code, "the dump has not the canary\n")
    ends, said = invoke(word, "--json")
    assert (ends, json.loads(said)) == (
        code,
        {"exit_code": code, "code": "CANARY_MISSING", "says": "the dump has not the canary"},
    )


def test_the_list_says_what_is_proved_and_what_failed(ssh: stand.Ssh) -> None:
    snapshots = [{"id": two * 32, "at": 1_700_000_000.0 + at, "manifest": two} for at, two in enumerate(["cd", "ab"])]
    known = {"good": {**GOOD, "at": 1.0}, "proof": {**PROOF, "at": 5.0, "code": ""}, "proved": {**PROOF, "at": 5.0}}
    says(ssh, end(0, snapshots=snapshots, status=known))
    code, said = invoke("list")
    assert code == 0 and "abababab" in said and "5.0 MB, 120 documents, 9 keys, proved" in said
    failure = {"at": 9.0, "what": "proof", "code": "DAMAGED", "says": "the repository is damaged"}
    says(ssh, end(0, snapshots=[], status={"failure": failure}))
    _, said = invoke("list")
    assert "there is no snapshot yet" in said and "not one was proved yet" in said and "the last proof failed" in said


def test_a_host_without_backups_is_told_how_to_have_some(ssh: stand.Ssh) -> None:
    ssh.answers("echo 'bash: line 1: /usr/local/sbin/mech-backup: No such file or directory'; exit 127")
    with pytest.raises(OpsError, match=r"mech:backup\.enabled"):
        invoke("now")


def test_what_a_swarm_runs_is_not_restored_under_it(ssh: stand.Ssh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "read", lambda stack: platform.Platform(stand.fleet()))
    done = CliRunner().invoke(cli.app, ["restore", "--into", "live", "--yes-i-mean", "sandbox", "--stack", "sandbox"])
    assert isinstance(done.exception, OpsError) and "Back to one host first" in str(done.exception)


def test_a_run_that_breaks_off_is_no_success_and_shows_no_secret(ssh: stand.Ssh) -> None:
    says(ssh, {"kind": "alive"}, code=1, plain=f"Traceback {stand.SECRET}")
    with pytest.raises(OpsError, match="broke off") as why:
        invoke("now")
    assert stand.SECRET not in str(why.value)
