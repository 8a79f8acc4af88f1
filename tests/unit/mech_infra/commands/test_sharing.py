"""The connection that all ssh calls share: opened once, never needed, and never in the way."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mech_infra.commands import sharing, ssh

HOST = "root@192.0.2.9"


class Ssh:
    """In place of ssh: `opens` is a shell program for the call that opens; `calls` is what was called."""

    def __init__(self, folder: Path) -> None:
        self.path, self.log, self.alive = folder / "ssh", folder / "calls", folder / "alive"
        self.log.touch()
        self.opens(f"sleep 0.2; touch {self.alive}")

    def opens(self, program: str) -> None:
        lines = [
            "#!/bin/sh", f'echo "$*" >>{self.log}', 'case "$*" in', f'*"-O check"*) [ -e {self.alive} ] ;;',
            f'*"-O exit"*) rm {self.alive} ;;', f"*) {program} ;;", "esac", "",
        ]  # fmt: skip
        self.path.write_text("\n".join(lines))
        self.path.chmod(0o755)

    def argv(self, shared: bool = True) -> list[str]:
        return [str(self.path), *ssh.options("~/.ssh/id", "192.0.2.9", "ssh-ed25519 AAAA", shared=shared)]

    @property
    def opened(self) -> list[str]:
        return [call for call in self.log.read_text().splitlines() if "-fN" in call]


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ssh:
    monkeypatch.setattr(sharing, "SOCKET", str(tmp_path / "home/mech-%h"))
    monkeypatch.setattr(ssh, "SOCKET", sharing.SOCKET)
    return Ssh(tmp_path)


def test_many_at_once_open_one(fake: Ssh) -> None:
    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(lambda _: sharing.share(fake.argv(), HOST), range(12))) == {""}
    (call,) = fake.opened
    # Of two that say the same option, ssh takes the first.
    assert call.index("ControlMaster=auto") < call.index("ControlMaster=no")
    assert f"ControlPersist={sharing.IDLE_S}" in call and call.endswith(HOST)
    assert oct((fake.path.parent / "home").stat().st_mode)[-3:] == "700"


def test_one_that_ended_is_opened_anew(fake: Ssh) -> None:
    sharing.share(fake.argv(), HOST)
    sharing.part(fake.argv(), HOST)
    assert not fake.alive.exists()
    sharing.share(fake.argv(), HOST)
    assert len(fake.opened) == 2


def test_it_lives_while_somebody_listens(fake: Ssh) -> None:
    path = fake.path.parent / "home/mech-192.0.2.9"
    path.parent.mkdir()
    assert not sharing.lives(fake.argv(), HOST)
    with socket.socket(socket.AF_UNIX) as master:
        master.bind(str(path))
        master.listen()
        assert sharing.lives(fake.argv(), HOST) and not sharing.lives(fake.argv(shared=False), HOST)
    assert path.exists() and not sharing.lives(fake.argv(), HOST)  # it was killed


def test_a_host_that_is_not_reached_is_said_in_sshs_own_words(fake: Ssh) -> None:
    fake.opens('echo "Warning: x" >&2; echo "ssh: connect to host 192.0.2.9 port 22: Connection refused" >&2; exit 255')
    assert sharing.share(fake.argv(), HOST) == "ssh: connect to host 192.0.2.9 port 22: Connection refused"


@pytest.mark.parametrize(
    "word",
    [
        'unix_listener: path "/x" too long for Unix domain socket',
        "mux_client_hello_exchange: write packet: Broken pipe",
    ],
)
def test_a_socket_that_cannot_be_is_no_matter_of_the_host(fake: Ssh, word: str) -> None:
    fake.opens(f"echo '{word}' >&2; exit 255")
    assert sharing.share(fake.argv(), HOST) == ""


def test_without_a_folder_for_it_each_makes_its_own(fake: Ssh, tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    assert sharing.share(fake.argv(), HOST) == ""
    assert fake.opened == []


def test_options_of_an_older_state_and_a_proof_of_coming_in_share_nothing(fake: Ssh) -> None:
    assert sharing.share([str(fake.path), "-o", "ConnectTimeout=5"], HOST) == ""
    assert sharing.share(fake.argv(shared=False), HOST) == ""
    assert fake.log.read_text() == ""


def test_ssh_goes_its_own_way_past_a_socket_that_nobody_holds_any_more(tmp_path: Path) -> None:
    """The real ssh: what a killed one left is passed by, not waited for."""
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    argv = ["ssh", "-F", "none", "-o", "ControlMaster=no", "-o", f"ControlPath={path}", "-o", "BatchMode=yes",
            "-o", f"ProxyCommand=touch {tmp_path}/went", "192.0.2.9"]  # fmt: skip
    done = subprocess.run(argv, capture_output=True, timeout=20, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 255
    assert (tmp_path / "went").exists(), done.stderr


def test_the_sockets_path_is_short_enough_for_a_usual_home() -> None:
    path = f"/home/{'x' * 32}/{ssh.SOCKET.removeprefix('~/').replace('%h', '255.255.255.255')}"
    assert len(os.fsencode(path)) + 17 < 108


def test_a_host_that_is_silent_keeps_nobody_from_another_one(fake: Ssh) -> None:
    fake.opens('case "$*" in *192.0.2.9) sleep 3; exit 255 ;; esac')
    with ThreadPoolExecutor(2) as pool:
        silent = pool.submit(sharing.share, fake.argv(), HOST)
        while not fake.opened:
            time.sleep(0.01)
        began = time.monotonic()
        assert sharing.share(fake.argv(), "root@192.0.2.10") == ""
        assert time.monotonic() - began < 2 and not silent.done()
