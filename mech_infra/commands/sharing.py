"""One connection to a host, which every ssh of ours uses while it lives.

`ufw limit` refuses the sixth new connection in 30 s, and a session in one that is there costs a tenth of a new one. Whoever
runs ssh names the socket (`ssh.options`) and uses it where somebody listens; nobody depends on it. Only `share` makes the
connection; where that cannot be (a home too long for a socket, a file system without them), each ssh makes its own.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from mech_infra.commands.ssh import CONNECT_TIMEOUT_S, SOCKET

# Seconds without a session after which it ends: the engine's two halves, and the next command, find it.
IDLE_S = 20
_CHECK_S, _OPEN_S = 3, CONNECT_TIMEOUT_S + 15
# What ssh says when it is the socket that cannot be, and not the host.
_NO_SOCKET = ("unix_listener", "mux", "ControlPath", "ControlSocket")


def share(ssh: Sequence[str], user_host: str) -> str:
    """Open it, unless it is; `ssh` is argv as far as the host. Returns ssh's own words where the host was not reached, else ""."""
    if f"ControlPath={SOCKET}" not in ssh:
        return ""
    with contextlib.suppress(OSError), _alone(user_host), tempfile.TemporaryFile() as said:
        if _control(ssh, "check", user_host):
            return ""
        # Of two that say the same option, ssh takes the first.
        master = ("-o", "ControlMaster=auto", "-o", f"ControlPersist={IDLE_S}", "-fN")
        try:
            done = subprocess.run(
                [ssh[0], *master, *ssh[1:], user_host], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said,
                timeout=_OPEN_S, check=False, env={**os.environ, "LC_ALL": "C.UTF-8"},
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return f"no answer within {_OPEN_S} s"
        said.seek(0)
        lines = said.read().decode(errors="replace").strip().splitlines() or ["no word"]
        if done.returncode and not any(word in line for line in lines for word in _NO_SOCKET):
            return lines[-1].strip()
    return ""


def lives(ssh: Sequence[str], user_host: str) -> bool:
    """Whether somebody listens there: a session of it that ended was ended alone.

    Not by ssh, which takes long to start where the engine is at its end and will not wait.
    """
    if f"ControlPath={SOCKET}" not in ssh:
        return False
    try:
        with socket.socket(socket.AF_UNIX) as there:
            there.connect(str(_path(user_host)))
    except OSError:
        return False
    return True


def part(ssh: Sequence[str], user_host: str) -> None:
    """End it: the host goes down, and who asks next shall not wait for one that is dead."""
    with contextlib.suppress(OSError):
        _control(ssh, "exit", user_host)


def _control(ssh: Sequence[str], word: str, user_host: str) -> bool:
    """Ask the process that holds the connection; no packet goes to the host."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        argv = [*ssh, "-O", word, user_host]
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=_CHECK_S, check=False
        )  # fmt: skip
        return done.returncode == 0
    return False


@contextlib.contextmanager
def _alone(user_host: str) -> Iterator[None]:
    """Of several processes and threads one opens it, the others find it; one host does not wait for another one's, which may
    be silent."""
    path = _path(user_host)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    held = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def _path(user_host: str) -> Path:
    """Its socket; ssh takes ~ from the list of users."""
    name = SOCKET.removeprefix("~/").replace("%h", user_host.rpartition("@")[2])
    return Path(pwd.getpwuid(os.getuid()).pw_dir, name)
