"""`mech incident` as a whole: what is in the archive, what is missing, what is told, and that no secret is anywhere in it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from mech_infra.facts.model import Unreachable
from mech_ops import cli, pulumi
from mech_ops.diagnosis import bundle
from mech_ops.diagnosis.look import Look
from mech_ops.diagnosis.ranking import diagnose
from mech_ops.drift import check
from mech_ops.drift.report import Report
from mech_ops.errors import OpsError
from mech_ops.incident import archive, trip
from mech_ops.redaction import leaks

from ..diagnosis import patches
from ..diagnosis.test_gather import KEY, STATE, world
from ..everyday import stand
from .planted import FORMS, LOOKS, PACKED

assert world  # a fixture
ENTRY = {
    "version": 7, "kind": "update", "result": "succeeded", "startTime": "2026-11-27T02:00:00.000Z",
    "endTime": "2026-11-27T02:00:51.000Z", "message": f"rotate the key {FORMS['base64'](KEY)}",
    "resourceChanges": {"same": 80, "update": 3}, "environment": {"git.author": "Eve", "git.head": "0123456789abcdef"},
    "config": {"mech:services": {"objectValue": {"llm": {"version": "1.0.1"}}}},
}  # fmt: skip
CONFIG = {"mech:incident": {"objectValue": {"contacts": {"administrator": "ops@mech.example"}}}}
SAID = "\n".join([*(form(KEY) for form in FORMS.values()), *(line for line, _ in LOOKS.values())]).encode()
PARTS = [
    trip.Part("system/uname", "uname -a", b"Linux mech 6.1.0 x86_64\n"),
    trip.Part("logs/mech-llms", "docker logs mech-llms", SAID, "exit code 1", "only the last 1000 kB"),
    trip.Part(f"logs/{KEY}", f"docker logs {KEY}", b"\n"),
    trip.Part("files/var/log/nginx/error.log.1.gz", "/var/log/nginx/error.log.1.gz", PACKED["gzip"](SAID)),
    trip.Part("network/fail2ban", "fail2ban-client status", b"", "could not be run: No such file or directory"),
]


@pytest.fixture
def stack(world: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """A stack and its host; secrets are planted wherever somebody says something."""
    answers = {"export": {"deployment": {"resources": STATE}}, "history": [ENTRY], "config": CONFIG}
    world |= {"answers": answers, "trip": trip.Trip(PARTS)}
    world["facts"] = {
        **world["facts"],
        "inspected": {"mech-llms": {"said": SAID.decode().splitlines()}},
        f"x {KEY}": {},
    }

    def run(argv: list[str], text: str | None = None) -> str:
        found = next(answer for word, answer in answers.items() if word in argv)
        if isinstance(found, Exception):
            raise found
        return json.dumps(found)

    def attempt(argv: list[str], *_: Any) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.CompletedProcess(argv, 0, run(argv), "")
        except OpsError as error:
            return subprocess.CompletedProcess(argv, 1, "", f"error: {error}")

    monkeypatch.setattr(pulumi, "run", run)
    monkeypatch.setattr(pulumi, "attempt", attempt)
    monkeypatch.setattr(trip, "fetch", lambda access: world["trip"])
    monkeypatch.chdir(tmp_path)
    return world


def mech(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["mech", "incident", *arguments])
    return cli.main()


def opened(path: Path) -> dict[str, bytes]:
    """By name without the folder."""
    with tarfile.open(path) as found:
        return {one.name.partition("/")[2]: found.extractfile(one).read() for one in found}  # type: ignore[union-attr]


def test_everything_is_in_it_and_no_secret(
    stack: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert mech(monkeypatch, "--out", "x.tar.gz") == 0
    files = opened(tmp_path / "x.tar.gz")
    assert list(files)[:3] == ["index.html", "index.md", "escalation.txt"]
    assert set(files) >= {
        "diagnosis/diagnosis.txt", "diagnosis/diagnosis.json", "diagnosis/diagnosis.html", "diagnosis/bundle.json",
        "deployments/deployments.txt", "deployments/deployments.json", "host/system/uname.txt", "host/logs/mech-llms.txt",
        "host/logs/[secret].txt", "host/files/var/log/nginx/error.log.1",
    }  # fmt: skip
    said = capsys.readouterr()
    everything = [*files.values(), *map(str.encode, files), said.out.encode(), said.err.encode()]
    assert [leaks(one, [KEY]) for one in everything] == [[]] * len(everything)
    assert files["host/system/uname.txt"] == b"$ uname -a\nLinux mech 6.1.0 x86_64\n"
    assert files["host/logs/mech-llms.txt"].endswith(b"\n# exit code 1\n")
    assert (tmp_path / "x.tar.gz").stat().st_mode & 0o777 == 0o600 and len(list(tmp_path.iterdir())) == 1


def test_its_diagnosis_can_be_made_again_from_the_bundle(
    stack: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert mech(monkeypatch, "--out", "x.tar.gz") == 0
    files = opened(tmp_path / "x.tar.gz")
    (tmp_path / "bundle.json").write_bytes(files["diagnosis/bundle.json"])
    assert bundle.read(tmp_path / "bundle.json").facts["host"]["kernel"] == {"net.ipv4.ip_forward": "0"}
    told = [cause["code"] for cause in json.loads(files["diagnosis/diagnosis.json"])["causes"]]
    assert told == [named.code for named in diagnose(Look(bundle.read(tmp_path / "bundle.json"))).named]
    assert "FORWARDING_OFF" in told and b"FORWARDING_OFF" in files["diagnosis/diagnosis.txt"]
    assert b"FORWARDING_OFF" in files["index.md"] and b"FORWARDING_OFF" in files["escalation.txt"]


def test_the_index_leads_to_each_file_and_says_what_is_missing(
    stack: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert mech(monkeypatch, "--out", "x.tar.gz") == 0
    files = opened(tmp_path / "x.tar.gz")
    links = re.findall(r'href="([^"]+)"', files["index.html"].decode())
    assert [link.replace("%5B", "[").replace("%5D", "]") for link in links] == list(files)[2:]
    for page in (files["index.html"].decode(), files["index.md"].decode()):
        assert "fail2ban-client status" in page and "could not be run" in page and "only the last 1000 kB" in page


def test_what_a_host_says_stays_text(stack: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stack["trip"] = trip.Trip([trip.Part("x", "docker logs <script>alert(1)</script>|x", b"", "a <b> | c")])
    assert mech(monkeypatch, "--out", "x.tar.gz") == 0
    files = opened(tmp_path / "x.tar.gz")
    assert b"<script>" not in files["index.html"] and b"<script>" not in files["index.md"]


def test_the_last_deployments(stack: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert mech(monkeypatch, "--out", "x.tar.gz") == 0
    files = opened(tmp_path / "x.tar.gz")
    found = json.loads(files["deployments/deployments.json"])
    assert found["updates"][0] | {"message": ""} == {
        "version": 7, "kind": "update", "result": "succeeded", "began": ENTRY["startTime"], "ended": ENTRY["endTime"],
        "changes": {"update": 3}, "message": "", "by": "Eve, commit 0123456789ab",
    }  # fmt: skip
    assert [row["version"] for row in found["services"]["llm"]] == ["1.0.1"]
    text = files["deployments/deployments.txt"].decode()
    assert "51 s" in text and "3 update" in text and "serves now" in text


def test_contacts_come_from_the_config(stack: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stack["facts"] = Unreachable("ssh: connect to host 192.0.2.1 port 22: Connection timed out")
    stack["trip"] = trip.Trip([], "ssh: connect to host 192.0.2.1 port 22: Connection timed out")
    assert mech(monkeypatch, "--out", "x.tar.gz") == 0
    said = opened(tmp_path / "x.tar.gz")["escalation.txt"].decode()
    assert "To: Platform administrator (ops@mech.example)\nTo: Cloud provider\n" in said
    assert "- Infrastructure failure: the host does not answer" in said


def test_a_silent_host_costs_its_part_alone(
    stack: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stack["facts"] = Unreachable("Connection timed out")
    stack["trip"] = trip.Trip([], "Connection timed out")
    stack["answers"]["history"] = OpsError(f"the backend is locked by {KEY}")
    assert mech(monkeypatch, "--out", "x.tar.gz") == 0
    files = opened(tmp_path / "x.tar.gz")
    assert not any(name.startswith(("host/", "deployments/")) for name in files)
    for said in (files["index.md"].decode(), capsys.readouterr().err):
        assert (
            KEY not in said and "what the host says: Connection timed out" in said and "the backend is locked" in said
        )


def test_a_part_of_what_the_host_says_is_told_as_a_part(
    stack: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stack["trip"] = trip.Trip(PARTS[:1], "no answer within 45 s")
    assert mech(monkeypatch, "--out", "x.tar.gz") == 0
    files = opened(tmp_path / "x.tar.gz")
    assert (
        b"a part of what the host says: no answer within 45 s" in files["index.md"] and "host/system/uname.txt" in files
    )


def test_drift_is_in_it_where_it_is_asked_for(
    stack: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(check, "check", lambda stack: Report(stack="s"))
    assert mech(monkeypatch, "--out", "x.tar.gz") == 0
    assert mech(monkeypatch, "--out", "y.tar.gz", "--with-drift") == 0
    assert "drift.json" not in opened(tmp_path / "x.tar.gz")
    assert json.loads(opened(tmp_path / "y.tar.gz")["drift.json"])["stack"] == "s"


def test_from_a_bundle_nobody_is_asked(
    stack: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = patches.read("ufw-closed-80")
    seen.told.append(f"said {KEY} and {LOOKS['a key of AWS'][0]}")
    seen.write(tmp_path / "kept.json")
    monkeypatch.setattr(trip, "fetch", lambda access: pytest.fail("the host is asked"))
    assert mech(monkeypatch, "--out", "x.tar.gz", "--from", "kept.json") == 0
    files = opened(tmp_path / "x.tar.gz")
    assert b"UFW_PORT_CLOSED" in files["index.md"] and not any(leaks(data, [KEY]) for data in files.values())
    assert "the diagnosis is the one of kept.json" in capsys.readouterr().err


def test_from_a_bundle_without_a_state_it_says_what_was_not_taken_out(
    stack: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    patches.read("ufw-closed-80").write(tmp_path / "kept.json")
    stack["answers"].update(dict.fromkeys(("export", "history", "config"), OpsError("no stack named x")))
    assert mech(monkeypatch, "--out", "x.tar.gz", "--from", "kept.json") == 0
    assert "only what looks like a secret is taken out" in capsys.readouterr().err


def test_without_a_state_and_without_a_bundle_nothing_is_written(
    stack: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stack["answers"]["export"] = {"deployment": {}}
    assert mech(monkeypatch) == 1 and list(tmp_path.iterdir()) == []


def test_with_a_leak_nothing_is_kept_and_the_exit_code_says_so(
    stack: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(archive, "redacted", lambda value, _: value)
    assert mech(monkeypatch, "--out", "x.tar.gz") == 1
    said = capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [] and "the archive was not kept" in said
    assert "host/files/var/log/nginx/error.log.1: a private key (compressed)" in said


def test_its_help_has_an_example_and_the_exit_codes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert mech(monkeypatch, "--help") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "mech incident --out" in said and "Exit codes: 0" in said


def test_each_host_of_a_fleet_has_a_folder_of_its_own(
    stack: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stack["answers"]["export"] = {"deployment": {"resources": stand.fleet()}}

    def fetch(access: dict[str, str]) -> trip.Trip:
        if access["host"].endswith(".11"):
            return trip.Trip([], "no answer within 45 s")
        return trip.Trip([trip.Part("system/uname", "uname -a", access["host"].encode())])

    monkeypatch.setattr(trip, "fetch", fetch)
    assert mech(monkeypatch, "--out", "x.tar.gz") == 0
    files = opened(tmp_path / "x.tar.gz")
    assert {name: data.splitlines()[1] for name, data in files.items() if name.startswith("host")} == {
        "hosts/mech/system/uname.txt": b"192.0.2.9", "hosts/mech-w1/system/uname.txt": b"192.0.2.10",
    }  # fmt: skip
    assert b"what mech-w2 says: no answer within 45 s" in files["index.md"]
    assert b"Hosts: mech 192.0.2.9, mech-w1 192.0.2.10, mech-w2 192.0.2.11" in files["index.md"]
