"""The watchdog: a Docker that takes connections and never answers is told from one that answers or is not there."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mech_infra.drift import vigil, watchdog


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "docker.sock"))
        server.listen()
        yield server


def test_a_docker_that_takes_connections_and_never_answers_is_silent(listening: socket.socket) -> None:
    assert vigil.silent(listening.getsockname(), 0.2)


def test_one_that_answers_is_not(listening: socket.socket) -> None:
    def answer() -> None:
        client, _ = listening.accept()
        client.recv(1000)
        client.sendall(b"HTTP/1.0 200 OK\r\n\r\n[]")
        client.close()

    threading.Thread(target=answer, daemon=True).start()
    assert not vigil.silent(listening.getsockname(), 5)


def test_nor_one_that_is_not_there(tmp_path: Path) -> None:
    assert not vigil.silent(str(tmp_path / "none.sock"), 5)


def test_who_waits_is_a_docker_without_a_terminal(tmp_path: Path) -> None:
    sleep = tmp_path / "docker"
    sleep.write_bytes(Path("/bin/sleep").read_bytes())
    sleep.chmod(0o755)
    with subprocess.Popen([sleep, "60"], start_new_session=True) as process:
        try:
            assert process.pid in vigil.waiting()
        finally:
            process.kill()


def test_what_waits_is_ended_and_the_watch_ends_with_its_connection() -> None:
    # Two silent answers, then good ones; who waits is a process of this test.
    text = """
import sys
from mech_infra.drift import vigil
answers = iter([True, True])
vigil.silent = lambda: next(answers, False)
vigil.starting = lambda: False
vigil.waiting = lambda: [int(sys.argv[1])]
vigil.PAUSE_S = vigil.SILENT_PAUSE_S = 0.01
vigil.main()
"""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as waits:
        watch = subprocess.Popen(
            [sys.executable, "-c", text, str(waits.pid)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert watch.stdout is not None and watch.stdin is not None
        said = [watch.stdout.readline().strip() for _ in range(2)]
        assert waits.wait(10) == -signal.SIGKILL
        watch.stdin.close()
        assert watch.wait(10) == 0
        watch.stdout.close()
    assert said == ["silent", "answers"]


def test_a_docker_that_is_starting_is_waited_for() -> None:
    text = """
from mech_infra.drift import vigil
vigil.silent = lambda: True
vigil.starting = lambda: True
vigil.waiting = lambda: 1 / 0
vigil.PAUSE_S = 0.01
vigil.main()
"""
    done = subprocess.run([sys.executable, "-c", text], stdin=subprocess.DEVNULL, capture_output=True, timeout=20)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"silent" not in done.stdout


def test_the_user_is_told_the_host_and_the_next_step() -> None:
    said: list[str] = []
    assert watchdog.hear("192.0.2.9", ["answers\n", "silent\n", "answers\n"], said.append)
    assert len(said) == 1
    assert "host 192.0.2.9" in said[0]
    assert "mech recover" in said[0]
    assert not watchdog.hear("192.0.2.9", [], said.append)


def test_the_watch_is_one_argument_of_ssh() -> None:
    argv = watchdog.command({"identity": "~/.ssh/id", "host": "192.0.2.9", "host_key": "ssh-ed25519 AAAA"})
    assert argv[-2] == "root@192.0.2.9"
    assert argv[-1].startswith("exec python3 -c ")
    assert subprocess.run(["sh", "-n", "-c", argv[-1]], check=False).returncode == 0


# A session of a connection that still lives was ended by the engine, which ends us too.
@pytest.mark.parametrize(("told", "lives", "says"), [(True, False, 0), (False, False, 1), (False, True, 0)])
def test_a_host_that_is_away_from_the_start_is_told_once(
    monkeypatch: pytest.MonkeyPatch, told: bool, lives: bool, says: int
) -> None:
    said, asked = [], []
    pauses = iter([None, None])
    monkeypatch.setattr(watchdog, "command", lambda access: ["sh", "-c", "exit 255", "root@192.0.2.9", ""])
    monkeypatch.setattr(watchdog, "lives", lambda ssh, host: asked.append(host) or lives)
    monkeypatch.setattr(watchdog.engine, "say", said.append)
    monkeypatch.setattr(watchdog.time, "sleep", lambda s: next(pauses))
    with pytest.raises(StopIteration):
        watchdog._watch({"host": "192.0.2.9"}, told)
    assert len(said) == says
    assert set(asked) <= {"root@192.0.2.9"}


@pytest.mark.parametrize(("lives", "says"), [(True, 0), (False, 3)])
def test_a_connection_that_ended_after_the_host_answered_broke_unless_the_shared_one_lives(
    monkeypatch: pytest.MonkeyPatch, lives: bool, says: int
) -> None:
    said: list[str] = []
    pauses = iter([None, None])
    monkeypatch.setattr(
        watchdog, "command", lambda access: ["sh", "-c", "echo answers; exit 255", "root@192.0.2.9", ""]
    )
    monkeypatch.setattr(watchdog, "lives", lambda ssh, host: lives)
    monkeypatch.setattr(watchdog.engine, "say", said.append)
    monkeypatch.setattr(watchdog.time, "sleep", lambda s: next(pauses))
    with pytest.raises(StopIteration):
        watchdog._watch({"host": "192.0.2.9"}, False)
    assert len(said) == says
