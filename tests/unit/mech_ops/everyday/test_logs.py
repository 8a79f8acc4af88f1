"""`mech logs`: what the host is asked, what it does there, and what is said of it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from mech_ops import host_shell
from mech_ops.errors import OpsError
from mech_ops.everyday import logs
from tests.unit.mech_infra.commands.rig import Rig

from . import stand


def shown(name: str, since: str | None = None, tail: int = 100, follow: bool = False) -> list[str]:
    said: list[str] = []
    logs.show(None, name, since, tail, follow, said.append)
    return said


def test_replicas_of_both_slots_each_behind_its_name(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.fake(
        "docker", 'case "$1" in ps) printf "mech-llms-2\\nmech-llms\\n" ;; logs) echo out; echo "err $5" >&2 ;; esac'
    )
    done = rig.run(logs.command("llm", "10m", 50, follow=False))
    assert done.stdout.splitlines() == [
        "mech-llms | out", "mech-llms | err 600s", "mech-llms-2 | out", "mech-llms-2 | err 600s",
    ]  # fmt: skip
    assert rig.calls == [
        "docker ps -a --filter label=mech.service=llm --format {{.Names}}",
        "docker logs --tail 50 --since 600s mech-llms", "docker logs --tail 50 --since 600s mech-llms-2",
    ]  # fmt: skip


def test_a_database_is_that_container_alone_and_follow_goes_on(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.fake("docker", '[ "$1" = logs ] || echo redis')
    rig.run(logs.command("redis", None, 100, follow=True))
    assert rig.calls == [
        "docker ps -a --filter name=^redis$ --format {{.Names}}", "docker logs --follow --tail 100 redis",
    ]  # fmt: skip


@pytest.mark.parametrize(("docker", "code"), [("true", 3), ("exit 1", 4)])
def test_no_container_and_no_docker_are_told_apart(tmp_path: Path, docker: str, code: int) -> None:
    rig = Rig(tmp_path)
    rig.fake("docker", docker)
    assert rig.run(logs.command("llm", None, 100, follow=False), check=False).returncode == code


def test_nginx_files_each_behind_its_name(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    assert rig.run(logs.command("nginx", None, 5, follow=False), check=False).returncode == 3
    rig.write("/var/log/nginx/mech-llm.access.log", "a\nb\nc\n")
    rig.write("/var/log/nginx/error.log", "e\n")
    zone, *said = rig.run(logs.command("nginx", None, 2, follow=False)).stdout.splitlines()
    assert len(zone) == 5 and sorted(said) == ["error | e", "mech-llm.access | b", "mech-llm.access | c"]


def test_nginx_files_are_one_log_by_time() -> None:
    since = dt.datetime(2026, 11, 27, 3, 0, tzinfo=dt.UTC)
    lines = [
        "+0100",
        """mech-llm.access | 192.0.2.1 - [2026-11-27T03:00:02+00:00] "GET / HTTP/1.1" 200 1""",
        """mech-llm.access | 192.0.2.1 - [2026-11-27T02:59:59+00:00] "GET /old HTTP/1.1" 200 1""",
        """access | 192.0.2.1 - - [27/Nov/2026:03:00:03 +0000] "GET / HTTP/1.1" 200 1""",
        "error | 2026/11/27 04:00:01 [error] connect() failed",
        "error | and its second line",
    ]
    assert logs.Nginx(since).sorted(lines) == [lines[4], lines[5], lines[1], lines[3]]


def test_no_secret_is_said_and_ssh_is_asked_as_docker_is(ssh: stand.Ssh) -> None:
    ssh.answers(f'echo "mech-llms | key {stand.SECRET} refused"')
    assert shown("mech-llms") == ["mech-llms | key [secret] refused"]
    assert ssh.words[:2] == ["-o", "ConnectTimeout=5"] and "root@192.0.2.9" in ssh.words
    assert "-tt" not in ssh.words and stand.SECRET not in ssh.words
    ssh.answers('printf "mech-llms | it came\\r\\n"')
    assert shown("llm", follow=True) == ["mech-llms | it came"]
    assert "-tt" in ssh.words  # so that nothing goes on there when this end goes


@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("exit 3", "there is no container of llm on the host. Next: mech ps"),
        ("exit 4", "Docker on the host does not answer. Next: mech diagnose"),
        ("echo x >&2; echo 'ssh: connect: Connection timed out' >&2; exit 255",
         "ssh to host 192.0.2.9 failed: ssh: connect: Connection timed out. Next: mech diagnose"),
    ],
)  # fmt: skip
def test_what_fails_is_one_sentence(ssh: stand.Ssh, program: str, says: str) -> None:
    ssh.answers(program)
    with pytest.raises(OpsError) as failed:
        shown("llm")
    assert str(failed.value) == says


def test_a_host_that_goes_silent_is_not_waited_for(ssh: stand.Ssh) -> None:
    ssh.answers("echo one; exec sleep 60")
    with pytest.raises(OpsError, match=r"host 192.0.2.9 says nothing for 0 s"):
        host_shell.lines(stand.platform().state, stand.ADDRESS, "x", lambda line: None, 0.3)
    assert logs._QUIET_S < 15


@pytest.mark.parametrize(
    ("name", "since", "tail", "says"),
    [
        ("lmm", None, 1, "did you mean llm\\?"),
        ("llm; rm -rf /", None, 1, "there is no"),
        ("llm", "yesterday", 1, "--since 'yesterday' is no span"),
        ("llm", "0m", 1, "--since"),
        ("llm", None, 0, "--tail 0: from 1"),
    ],
)
def test_bad_words_are_refused_before_anybody_is_asked(
    monkeypatch: pytest.MonkeyPatch, name: str, since: str | None, tail: int, says: str
) -> None:
    monkeypatch.setattr(logs.platform, "read", lambda stack: pytest.fail("the state was read"))
    with pytest.raises(OpsError, match=says):
        shown(name, since, tail)
