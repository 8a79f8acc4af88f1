"""`mech heal`: what is sent, what is heard, how it ends."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from mech_infra.facts.host import trip
from mech_ops import cli, stack_config
from mech_ops.errors import OpsError
from mech_ops.everyday import platform
from mech_ops.heal import command, log
from tests.unit.mech_ops.everyday import stand

STEP = {"kind": "step", "did": "restart", "what": "mech-llms", "why": "its health check fails", "outcome": "restarted, well after 12 s",
        "id": "1", "started": "", "grace_s": 30, "names": [], "path": ""}  # fmt: skip
LEFT = {
    "kind": "left",
    "what": "mech-queue",
    "code": "vendor",
    "why": "openai, which it needs, refuses it",
    "then": "mech diagnose",
    "soon": False,
}


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> stand.Ssh:
    monkeypatch.setattr(stack_config, "nobody_at_work", lambda stack: None)
    monkeypatch.setattr(stack_config, "current", lambda stack: {})
    monkeypatch.setattr(platform, "read", lambda stack: stand.platform())
    return stand.Ssh(tmp_path, monkeypatch)


def says(ssh: stand.Ssh, *records: dict[str, object], code: int = 0) -> None:
    lines = [f"MECH-HEAL {json.dumps(one)}" for one in records]
    ssh.answers("\n".join(["cat <<'SAID'", "a banner", *lines, "SAID", f"exit {code}"]))


def invoke(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli.app, ["heal", *words])
    return done.exit_code, done.stdout


@pytest.mark.parametrize("code", [0, 2])
def test_text_and_json_end_alike_and_say_the_same(ssh: stand.Ssh, code: int) -> None:
    left = [LEFT] if code else []
    says(ssh, {"kind": "alive"}, STEP, *left, {"kind": "end", "code": code, "says": ""}, code=code)
    ends, said = invoke()
    assert ends == code
    assert "mech-llms: its health check fails: restarted, well after 12 s" in said
    assert said.endswith("1 done, 1 left alone\n" if code else "1 done, 0 left alone: all is well again\n")
    ends, said = invoke("--json")
    found = json.loads(said)
    assert (ends, found["exit_code"]) == (code, code)
    assert [one["what"] for one in found["steps"]] == ["mech-llms"]
    assert [one["code"] for one in found["left"]] == ["vendor"] * bool(code)


def test_the_program_goes_with_the_state_s_containers_and_the_config_s_limits(
    ssh: stand.Ssh, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = {"mech:heal": {"value": '{"perContainer":2}', "objectValue": {"perContainer": 2}}}
    monkeypatch.setattr(stack_config, "current", lambda stack: config)
    says(ssh, {"kind": "end", "code": 0, "says": "nothing is ill"})
    assert invoke("--dry-run") == (0, "nothing is ill\n")
    sent = "\n".join(ssh.words)
    assert re.search(r"^python3 - --wire --who '\S+ by mech heal' --dry-run <<'MECH-HEAL-END'$", sent, re.M)
    order = json.loads(json.loads(re.search(r"json\.loads\((\".*\")\)\)$", sent, re.M)[1]))  # type: ignore[index]
    assert [one["name"] for one in order["containers"]] == ["redis", "mech-queue", "mech-llms", "mech-llms-2"]
    assert order["limits"]["per_container"] == 2
    assert stand.SECRET not in sent


def test_a_connection_that_breaks_is_no_success(ssh: stand.Ssh) -> None:
    says(ssh, STEP)
    with pytest.raises(OpsError, match="did not heal: a banner"):
        command.heal(None, False, lambda kind, record: None)
    ssh.answers("echo 'ssh: connect to host 192.0.2.9 port 22: Connection refused' >&2; exit 255")
    with pytest.raises(OpsError, match="port 22: Connection refused"):
        command.heal(None, False, lambda kind, record: None)


def test_a_host_that_goes_silent_is_not_waited_for(ssh: stand.Ssh, monkeypatch: pytest.MonkeyPatch) -> None:
    assert command._QUIET_S <= 12
    monkeypatch.setattr(command, "_QUIET_S", 0.2)
    ssh.answers("exec sleep 30")
    with pytest.raises(OpsError, match="says nothing"):
        command.heal(None, False, lambda kind, record: None)


def test_another_healer_at_work_is_exit_code_1(ssh: stand.Ssh) -> None:
    says(ssh, {"kind": "error", "says": "another healer is at work on this host: it is left to it"}, code=1)
    with pytest.raises(OpsError, match="another healer is at work"):
        command.heal(None, False, lambda kind, record: None)


def test_a_secret_in_dockers_words_is_not_told(ssh: stand.Ssh) -> None:
    says(ssh, {**STEP, "outcome": f"Docker refuses: {stand.SECRET}"}, {"kind": "end", "code": 2, "says": ""})
    assert stand.SECRET not in invoke("--json")[1]


def test_a_config_that_is_wrong_is_said_before_the_host_is_asked(
    ssh: stand.Ssh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack_config, "current", lambda stack: {"mech:heal": {"value": '{"perHour":0}'}})
    with pytest.raises(OpsError, match="mech:heal of the stack's config is wrong"):
        command.heal(None, True, lambda kind, record: None)


def test_nothing_is_healed_while_pulumi_is_at_work(ssh: stand.Ssh, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(stack: str | None) -> None:
        raise OpsError("another `pulumi` is at work on this stack")

    monkeypatch.setattr(stack_config, "nobody_at_work", busy)
    with pytest.raises(OpsError, match="at work"):
        command.heal(None, False, lambda kind, record: None)


RECORD = {
    "at": 1764230400.0,
    "run": "1",
    "who": "mech-heal.timer",
    "did": "restart",
    "what": "mech-llms",
    "why": "its health check fails",
}


def test_a_try_is_one_line_of_the_log_with_its_begin_and_its_outcome(ssh: stand.Ssh) -> None:
    lines = [
        {**RECORD, "outcome": "begun"},
        {**RECORD, "at": RECORD["at"] + 12, "outcome": "restarted"},
        {**RECORD, "run": "2", "outcome": "begun"},
    ]  # type: ignore[operator]
    text = "\n".join(map(json.dumps, lines)) + '\n{"cut'
    assert [(one["at"], one["outcome"]) for one in log.tries(text)] == [
        (RECORD["at"], "restarted"),
        (RECORD["at"], "begun"),
    ]
    ssh.answers("\n".join(["cat <<'SAID'", text, "SAID"]))
    code, said = invoke("--log", "--json")
    assert code == 0 and [one["at"] for one in json.loads(said)] == ["2025-11-27T08:00:00+00:00"] * 2
    code, said = invoke("--log", "--tail", "1")
    assert code == 0 and said.count("mech-llms") == 1


def test_a_host_on_which_nothing_was_healed_says_so(ssh: stand.Ssh) -> None:
    assert invoke("--log") == (0, "the healer did nothing on this host yet\n")


@pytest.fixture
def fleet(ssh: stand.Ssh, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Three hosts; what is given is what the manager says of the swarm."""
    nodes = [{"name": name, "state": "ready"} for name in ("mech", "mech-w1", "mech-w2")]
    services = [
        {"name": name, "running": n, "wanted": n, "error": ""} for name, n in (("mech-llms", 2), ("mech-queue", 1))
    ]
    swarm: dict[str, Any] = {"manager": True, "nodes": nodes, "services": services}
    monkeypatch.setattr(platform, "read", lambda stack: platform.Platform(stand.fleet()))
    monkeypatch.setattr(trip, "facts", lambda access, asked: {"swarm": swarm})
    return swarm


def test_what_a_swarm_runs_is_not_ours_to_heal(ssh: stand.Ssh, fleet: dict[str, Any]) -> None:
    says(ssh, {"kind": "end", "code": 0, "says": "nothing is ill"})
    assert invoke() == (0, "nothing is ill; the services' tasks are the swarm's to heal (mech ps)\n")
    order = json.loads(json.loads(re.search(r"json\.loads\((\".*\")\)\)$", "\n".join(ssh.words), re.M)[1]))  # type: ignore[index]
    assert [one["name"] for one in order["containers"]] == ["redis"]


def test_what_the_swarm_is_at_is_said_and_left_alone(ssh: stand.Ssh, fleet: dict[str, Any]) -> None:
    fleet["nodes"][1]["state"] = "down"
    fleet["services"][0] |= {"running": 1, "error": f"No such image {stand.SECRET}"}
    says(ssh, {"kind": "end", "code": 0, "says": "nothing is ill"})
    code, said = invoke()
    assert code == 2 and said.splitlines() == [
        "mech-w1: left alone (swarm): it does not answer the swarm (down), which starts its tasks elsewhere. Next: mech recover",
        "mech-llms: left alone (swarm): 1 of 2 tasks run, and the swarm starts the rest itself: No such image [secret]. Next: mech ps",
        "0 done, 2 left alone",
    ]
    assert json.loads(invoke("--json")[1])["exit_code"] == 2
