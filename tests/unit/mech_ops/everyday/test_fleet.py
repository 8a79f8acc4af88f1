"""The everyday steps on three hosts: mech with the databases, mech-w1, mech-w2."""

from __future__ import annotations

import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from mech_ops import pulumi, stack_config
from mech_ops.errors import OpsError
from mech_ops.everyday import logs, platform, ps, queue, restart
from mech_ops.everyday import ssh as shell
from tests.unit.mech_infra.commands.rig import Rig

from . import stand

Json = dict[str, Any]
ID = "abcdefghij0123456789abcde"
NOW = dt.datetime(2026, 11, 27, 3, 0, 10, tzinfo=dt.UTC)


def known() -> platform.Platform:
    return platform.Platform(stand.fleet())


def facts(tasks: Json, swarm: Json | None = None) -> Json:
    """A host with these containers: by name its service, or nothing for a database, and its state."""
    about = {"health": "healthy", "restarts": 0, "memory": 512 << 20, "started": "2026-11-27T02:00:00Z"}
    containers, inspected = [], {}
    for name, (service, state) in tasks.items():
        given = (
            {"mech.service": service, "com.docker.swarm.task.id": "t", "mech.image": "ghcr.io/m/llms:1.0.1"}
            if service
            else {}
        )
        containers.append(
            {"name": name, "image": "x@sha256:1", "image_id": "sha256:aa", "labels": given, "state": state}
        )
        inspected[name] = {**about, "state": state}
    return {
        "docker": {"containers": containers},
        "inspected": inspected,
        "usage": {},
        "swarm": swarm or {"manager": False},
    }


def swarm(running: int = 2, error: str = "") -> Json:
    services = [("mech-llms", running, 2, error), ("mech-queue", 1, 1, "")]
    return {
        "manager": True,
        "services": [
            {"name": name, "running": now, "wanted": wanted, "error": why} for name, now, wanted, why in services
        ],
    }


def well(**more: Any) -> Json:
    return {
        "mech": facts({"redis": ("", "running"), "mongodb": ("", "running")}, swarm(**more)),
        "mech-w1": facts({f"mech-llms.1.{ID}": ("llm", "running"), f"mech-queue.1.{ID}": ("queue", "running"),
                          f"mech-llms.9.{ID}": ("llm", "exited")}),
        "mech-w2": facts({f"mech-llms.2.{ID}": ("llm", "running")}),
    }  # fmt: skip


def look(said: Json) -> list[ps.Row]:
    return ps.of_a_fleet(known().declared, {"sha256:aa": "ghcr.io/m/llms:1.0.1"}, said)


def test_tasks_by_service_with_their_host_and_databases_on_the_first() -> None:
    found = look(well())
    assert [(row.name, row.container, row.host) for row in found] == [
        ("queue", "mech-queue.1", "mech-w1"), ("llm", "mech-llms.1", "mech-w1"), ("llm", "mech-llms.2", "mech-w2"),
        ("redis", "redis", "mech"), ("mongodb", "mongodb", "mech"),
    ]  # fmt: skip
    assert (found[1].running, found[1].wanted, ps.exit_code(found)) == (2, 2, 0)
    out = io.StringIO()
    Console(file=out, width=200).print(ps.table(found, NOW))
    lines = [line.split() for line in out.getvalue().splitlines()]
    assert lines[0][:4] == ["service", "container", "version", "host"]
    assert lines[2][:5] == ["llm", "2/2", "mech-llms.1", "1.0.1", "mech-w1"] and lines[3][:2] == ["llm", "mech-llms.2"]


def test_a_task_that_is_missing_is_a_row_with_the_swarms_own_word() -> None:
    said = well(running=1, error="no suitable node (insufficient resources on 1 node)")
    said["mech-w2"] = facts({})
    found = look(said)
    assert ps.wrong(found) == ["llm: 1 of 2 tasks run: no suitable node (insufficient resources on 1 node)"]
    assert ps.exit_code(found) == 2 and json.loads(ps.as_json(found))[2]["state"] == "missing"


def test_a_host_that_does_not_answer_is_a_row() -> None:
    found = look({**well(), "mech-w2": "Connection timed out"})
    assert found[-1].host == "mech-w2" and found[-1].state == "silent"
    assert ps.wrong(found) == ["mech-w2: it cannot be asked: Connection timed out"]
    with pytest.raises(OpsError, match="host mech cannot be asked: x; host mech-w1 cannot be asked: x"):
        look(dict.fromkeys(("mech", "mech-w1"), "x"))


def test_a_task_on_a_dead_host_is_not_counted_twice() -> None:
    found = look({**well(running=3), "mech-w1": "Connection timed out"})
    assert {row.running for row in found if row.name == "llm"} == {2}


def test_without_a_manager_what_is_seen_is_counted() -> None:
    said = {**well(), "mech": "Connection timed out"}
    said["mech-w2"] = facts({})
    assert "llm: 1 of 2 tasks run" in ps.wrong(look(said))


def test_a_host_that_is_alone_says_what_it_always_did() -> None:
    row = ps.Row("redis", "redis", "redis:alpine", "", "", "running", "", 0, "", 0, 0, "")
    assert not {"host", "running", "wanted"} & json.loads(ps.as_json([row]))[0].keys()


# Answers by whom it asks.
BY_HOST = """case "$*" in
  *root@192.0.2.9*) exit 3 ;;
  *root@192.0.2.10*) echo "mech-llms.1.%s | one %s" ;;
  *) %s ;;
esac"""


def shown(name: str) -> list[str]:
    said: list[str] = []
    logs.show(None, name, None, 100, False, said.append)
    return said


def test_logs_of_all_hosts_each_line_behind_its_host(fleet_ssh: stand.Ssh) -> None:
    fleet_ssh.answers(BY_HOST % (ID, stand.SECRET, f'echo "mech-llms.2.{ID} | two"'))
    assert sorted(shown("llm")) == ["mech-w1 mech-llms.1 | one [secret]", "mech-w2 mech-llms.2 | two"]


def test_a_silent_host_costs_its_own_lines(fleet_ssh: stand.Ssh) -> None:
    fleet_ssh.answers(BY_HOST % (ID, "x", "echo 'ssh: Connection timed out' >&2; exit 255"))
    said: list[str] = []
    with pytest.raises(OpsError, match=r"^mech-w2: ssh to host 192.0.2.11 failed: ssh: Connection timed out"):
        logs.show(None, "llm", None, 100, False, said.append)
    assert said == ["mech-w1 mech-llms.1 | one x"]
    fleet_ssh.answers("exit 3")
    with pytest.raises(OpsError, match=r"there is no task of llm on any host"):
        shown("llm")


def test_nginx_of_all_hosts_is_one_log_by_time(fleet_ssh: stand.Ssh) -> None:
    line = "echo +0000; echo 'error | 2026/11/27 04:00:0%s [error] x'"
    fleet_ssh.answers(f"""case "$*" in *root@192.0.2.9*) {line % 2} ;; *2.10*) {line % 1} ;; *) {line % 3} ;; esac""")
    assert [said.split()[0] for said in shown("nginx")] == ["mech-w1", "mech", "mech-w2"]


def test_a_database_is_on_the_first_host(fleet_ssh: stand.Ssh) -> None:
    fleet_ssh.answers("echo 'redis | ready'")
    assert shown("redis") == ["redis | ready"] and "root@192.0.2.9" in fleet_ssh.words


@pytest.mark.parametrize(
    ("words", "whom", "line"),
    [
        (["mech-w1", "docker", "ps"], "root@192.0.2.10", "docker ps"),
        (["w2"], "root@192.0.2.11", None),
        (["uptime"], "root@192.0.2.9", "uptime"),
        (["mech", "uptime"], "root@192.0.2.9", "uptime"),
    ],
)
def test_ssh_goes_to_the_host_that_is_named(words: list[str], whom: str, line: str | None) -> None:
    argv = shell.argv(*shell.where(known().state, words), terminal=False)
    assert argv[argv.index(whom) :] == [whom, *([line] if line else [])]
    if whom != "root@192.0.2.9":
        assert "StrictHostKeyChecking=yes" in argv


def test_a_host_that_there_is_not_is_no_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi, "run", lambda argv: json.dumps(known().state))
    with pytest.raises(OpsError, match="there is no host 'mech-w7'"):
        shell.run(None, ["mech-w7", "uptime"], terminal=False)


@pytest.fixture
def nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack_config, "nobody_at_work", lambda stack: None)


def restarted(name: str) -> list[str]:
    said: list[str] = []
    restart.restart(None, name, False, said.append)
    return said


def test_a_service_is_restarted_by_the_swarm(fleet_ssh: stand.Ssh, nobody_else: None) -> None:
    fleet_ssh.answers("echo 'mech-llms: restarting'; echo 'mech-llms: 2/2 tasks run, each made anew'")
    assert restarted("llm") == [
        "visitors notice nothing: nginx passes to the other tasks of llm meanwhile; a stream is cut",
        "mech-llms: restarting",
        "mech-llms: 2/2 tasks run, each made anew",
    ]
    assert "docker service update --force --quiet" in "\n".join(fleet_ssh.words)
    fleet_ssh.answers("echo 'mech-llms: not through after 300 s; 1/2 tasks run'; exit 5")
    with pytest.raises(OpsError, match=r"^mech-llms: not through after 300 s; 1/2 tasks run. Next: mech diagnose$"):
        restarted("llm")


UPDATE = """case "$1 $2" in
  "service inspect") [ "$3" = mech-llms ] ;;
  "service update") exit $(cat /opt/code) ;;
  "service ls") echo "mech-llms 2/2" ;;
  "service ps") echo "task: non-zero exit (1)" ;;
esac"""


def test_what_the_swarm_is_asked_for_is_bounded_and_its_words_are_said(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.fake("docker", UPDATE)
    script = restart.script(restart._ROOM / "service.sh", "mech-llms", 7)
    rig.write("/opt/code", "0")
    assert rig.run(script).stdout.splitlines()[-1] == "mech-llms: 2/2 tasks run, each made anew"
    assert rig.called("service update") == ["docker service update --force --quiet mech-llms"]
    rig.write("/opt/code", "1")
    done = rig.run(script, check=False)
    assert done.returncode == 5 and done.stdout.splitlines()[-1].endswith("the swarm says: task: non-zero exit (1)")
    assert rig.run(script.replace("mech-llms", "mech-other"), check=False).returncode == 3


def test_the_queue_is_asked_where_its_task_is(monkeypatch: pytest.MonkeyPatch) -> None:
    said: Json = {"192.0.2.9": {"jobs": None}, "192.0.2.10": {"jobs": {"pending": 3, "active": 1}}}

    def asked(access: Json, _: Json) -> Json:
        if access["host"] not in said:
            raise platform.Unreachable("Connection timed out")
        return dict(said[access["host"]])

    monkeypatch.setattr(platform, "read", lambda stack: known())
    monkeypatch.setattr(platform.trip, "facts", asked)
    assert queue.look(None).pending == 3
    said.clear()
    with pytest.raises(OpsError, match="host mech cannot be asked: Connection timed out; host mech-w1"):
        queue.look(None)
