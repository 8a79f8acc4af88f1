"""The program on the host, run here: its commands are others of the same name, and its logs lie in a folder."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from mech_ops.incident import onhost, trip

from .planted import PACKED

DOCKER = """#!/bin/sh
case "$1 $2" in
  "ps -a") [ "$3" = --format ] && printf 'mech-llms\\nredis\\n' || echo 'CONTAINER ID  mech-llms' ;;
  "logs --timestamps") echo "$7 said something"; echo 'and complained' >&2 ;;
  *) echo "docker $*" ;;
esac
"""


ECHO = '#!/bin/sh\necho "$(basename "$0") $*"\n'
HANGS = '#!/bin/sh\necho first line\nprintf half\nsleep 3; touch "$MARKER"\n'


class Host:
    """A PATH with stand-ins for the host's commands, and a program that finds its logs in a folder."""

    def __init__(self, folder: Path) -> None:
        self.bin, self.logs = folder / "bin", folder / "logs"
        self.bin.mkdir()
        self.logs.mkdir()
        self.text = trip.PROGRAM.read_text().replace('"/var/log/', f'"{self.logs}/')
        for name in {argv[0] for argv in onhost.COMMANDS.values()}:
            self.has(name, ECHO)
        self.has("docker", DOCKER)

    def has(self, name: str, text: str) -> None:
        (self.bin / name).write_text(text)
        (self.bin / name).chmod(0o755)

    def limit(self, **seconds: float) -> None:
        for name, value in seconds.items():
            before = f"{name} = {getattr(onhost, name)}"
            assert before in self.text
            self.text = self.text.replace(before, f"{name} = {value}")

    def fetch(self, monkeypatch: pytest.MonkeyPatch, limit_s: float = trip.WHOLE_S) -> trip.Trip:
        program = self.logs.parent / "program.py"
        program.write_text(self.text)
        monkeypatch.setattr(trip, "PROGRAM", program)
        monkeypatch.setenv("PATH", f"{self.bin}:/usr/bin:/bin")

        def way(_: Mapping[str, str]) -> list[str]:
            return [sys.executable, "-"]

        return trip.fetch({}, way, limit_s)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def named(found: trip.Trip) -> dict[str, trip.Part]:
    return {part.name: part for part in found.parts}


def test_every_command_of_the_guide_and_the_log_of_each_container_comes(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    (host.logs / "nginx").mkdir()
    (host.logs / "nginx/error.log").write_text("upstream refused\n")
    (host.logs / "nginx/error.log.1.gz").write_bytes(PACKED["gzip"](b"rotated\n"))
    (host.logs / "nginx/access.log.9").write_text("of last week\n")
    os.utime(host.logs / "nginx/access.log.9", (1, 1))
    found = host.fetch(monkeypatch)
    parts = named(found)
    assert found.missing == ""
    assert parts.keys() >= onhost.COMMANDS.keys()
    assert parts["network/ufw"].data == b"ufw status verbose\n"
    assert parts["system/journal"].command.endswith("--since 1 hour ago -n 20000")
    assert parts["logs/mech-llms"].data == b"mech-llms said something\nand complained\n"
    assert "--since 1h" in parts["logs/redis"].command
    logs = {name.rpartition("/")[2]: part.data for name, part in parts.items() if name.startswith("files/")}
    assert logs == {
        "error.log": b"upstream refused\n",
        "error.log.1.gz": (host.logs / "nginx/error.log.1.gz").read_bytes(),
    }


def test_who_manages_a_swarm_says_what_it_runs(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not [name for name in named(host.fetch(monkeypatch)) if name == "docker/nodes" or "tasks" in name]
    host.has("docker", DOCKER.replace("#!/bin/sh\n", "#!/bin/sh\n" + MANAGER, 1))
    parts = named(host.fetch(monkeypatch))
    assert parts["docker/nodes"].data == b"docker node ls\n"
    assert parts["docker/tasks-mech-llms"].data == b"docker service ps --no-trunc mech-llms\n"


MANAGER = """case "$*" in
  "info -f "*) echo true; exit ;;
  "service ls --format"*) echo mech-llms; exit ;;
  node*|service*) echo "docker $*"; exit ;;
esac
"""


def test_what_the_guide_wants_to_be_sent_is_asked() -> None:
    asked = {" ".join(argv) for argv in onhost.COMMANDS.values()}
    assert asked >= {
        "uname -a", "docker version", "docker ps -a", "docker stats --no-stream", "docker network ls",
        "docker system df", "ufw status verbose", "iptables -S", "nginx -T", "systemctl --no-pager -l status nginx",
    }  # fmt: skip
    assert not any("inspect" in argv and "network" not in argv for argv in onhost.COMMANDS.values())


def test_nothing_is_asked_that_changes_anything() -> None:
    changing = {
        "restart",
        "start",
        "stop",
        "rm",
        "prune",
        "-A",
        "-D",
        "-F",
        "enable",
        "disable",
        "reload",
        "--vacuum-time",
    }
    assert [argv for argv in onhost.COMMANDS.values() if changing & {*argv}] == []


def test_who_hangs_costs_its_limit_and_what_it_said_stays(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.limit(LIMIT_S=1.0)
    marker = host.logs / "still-here"
    monkeypatch.setenv("MARKER", str(marker))
    host.has("ss", HANGS)
    began = time.monotonic()
    part = named(host.fetch(monkeypatch))["network/listeners"]
    assert time.monotonic() - began < 20
    assert (part.data, part.wrong) == (b"first line", "did not end within 1 s")
    time.sleep(3)
    assert not marker.exists(), "what it started was ended, too"


def test_what_is_not_there_or_fails_is_said(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    (host.bin / "fail2ban-client").unlink()
    host.has("nginx", "#!/bin/sh\necho 'nginx: [emerg] unknown directive' >&2\nexit 1\n")
    parts = named(host.fetch(monkeypatch))
    assert parts["network/fail2ban"].wrong == "could not be run: No such file or directory"
    assert (parts["nginx/config"].data, parts["nginx/config"].wrong) == (
        b"nginx: [emerg] unknown directive\n", "exit code 1",
    )  # fmt: skip


def test_where_docker_is_down_the_logs_on_its_disk_come(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.has("docker", "#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2\nexit 1\n")
    host.text = host.text.replace(onhost.CONTAINERS, str(host.logs / "containers"))
    for id_, about in (("a1", '{"Name": "/mech-llms", "Config": {"Env": ["OPENAI_API_KEY=x"]}}'), ("b2", "{")):
        folder = host.logs / "containers" / (id_ * 32)
        folder.mkdir(parents=True)
        (folder / f"{id_ * 32}-json.log").write_text('{"log":"panic\\n","stream":"stderr"}\n')
        (folder / "config.v2.json").write_text(about)
    parts = named(host.fetch(monkeypatch))
    assert "exit code 1" in parts["logs"].wrong and parts["logs/mech-llms"].data.startswith(b'{"log":"panic')
    assert "logs/b2b2b2b2b2b2" in parts and not any(b"OPENAI" in part.data for part in parts.values())
    assert parts["docker/containers"].data.startswith(b"Cannot connect") and parts["system/uname"].wrong == ""


def test_of_a_long_log_the_last_whole_lines_come(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.has("journalctl", f"#!{sys.executable}\nfor n in range(200000): print(f'line {{n}} of the journal')\n")
    part = named(host.fetch(monkeypatch))["system/journal"]
    assert part.left_out == "only the last 1000 kB"
    lines = part.data.decode().splitlines()
    assert len(part.data) <= onhost.BYTES and lines[-1] == "line 199999 of the journal"
    assert lines[0].startswith("line ") and lines[0].endswith(" of the journal")


def test_the_whole_ends_in_time_and_says_so(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.limit(WHOLE_S=2.0)
    host.has("df", "#!/bin/sh\nexec sleep 30\n")
    began = time.monotonic()
    found = host.fetch(monkeypatch)
    assert time.monotonic() - began < 15
    assert "did not end" in named(found)["system/disks"].wrong and named(found)["system/uname"].data


def test_a_connection_that_breaks_keeps_what_came_before(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.has("df", "#!/bin/sh\nexec sleep 30\n")
    found = host.fetch(monkeypatch, limit_s=5)
    assert found.missing == "no answer within 5 s"
    assert named(found)["system/uname"].data == b"uname -a\n"


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        (
            ["sh", "-c", "echo 'ssh: connect to host 192.0.2.1 port 22: Connection timed out' >&2; exit 255"],
            "timed out",
        ),
        (["sh", "-c", "exit 255"], "the connection broke"),
        (["no-such-ssh"], "could not be run"),
    ],
)
def test_a_silent_host_is_no_error(argv: list[str], why: str) -> None:
    found = trip.fetch({}, lambda _: argv)
    assert found.parts == [] and why in found.missing


def test_the_way_is_the_sensors_one() -> None:
    access = {"identity": "~/.ssh/key", "host": "192.0.2.1", "host_key": "ssh-ed25519 AAAA"}
    argv = trip.trip.command(access)
    assert argv[0] == "ssh" and argv[-2:] == ["root@192.0.2.1", "python3 -"]
    text = trip.PROGRAM.read_text()
    assert onhost.WHOLE_S + 5 <= trip.WHOLE_S and "mech_" not in text
    assert subprocess.run([sys.executable, "-I", "-c", f"compile({text!r}, 'x', 'exec')"], check=False).returncode == 0
