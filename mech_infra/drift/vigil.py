"""Runs on the host, by `python3 -c` over SSH, while the engine works: ends what waits on a Docker that does not answer.

A frozen dockerd takes connections and never answers. Docker's clients wait for ever then, and the provider's plugin with
them. So whatever waits is ended here, as if the connection had been cut: `docker system dial-stdio`, which is the way of
the plugin, and `docker` in a script of ours. Never one at a terminal: that is a person's.

Says `answers` or `silent` when it changes. Ends with its standard input, that is with the SSH connection. Standard
library only, and only what Debian 12 has.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

SOCKET = "/run/docker.sock"
# Twice in a row: a busy Docker answers a list within a second.
ANSWER_S, MISSES = 8.0, 2
PAUSE_S, SILENT_PAUSE_S = 5.0, 1.0
# Where the connection died without a word, nothing else would end it; the near end asks for a new one.
LIFE_S = 3600.0


def silent(path: str = SOCKET, wait_s: float = ANSWER_S) -> bool:
    """Whether Docker takes a connection and gives no answer. One that is not there at all ends its clients itself."""
    with socket.socket(socket.AF_UNIX) as asked:
        asked.settimeout(wait_s)
        try:
            asked.connect(path)
            asked.sendall(b"GET /containers/json?limit=1 HTTP/1.0\r\nHost: docker\r\n\r\n")
            asked.recv(1)
        except TimeoutError:
            return True
        except OSError:
            return False
    return False


def starting() -> bool:
    """Whether systemd holds the socket for a Docker that is not up yet: it will answer."""
    state = subprocess.run(
        ["systemctl", "show", "-p", "ActiveState", "--value", "docker.service"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=10,
    ).stdout  # fmt: skip
    return state.strip() in (b"activating", b"deactivating", b"reloading")


def waiting() -> list[int]:
    """Docker's clients without a terminal."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, IndexError):
            name, _, rest = path.read_text(errors="replace").partition("(")[2].rpartition(")")
            # proc(5): after the name state, ppid, pgrp, session, tty
            if name == "docker" and rest.split()[4] == "0":
                found.append(int(path.parent.name))
    return found


def main() -> None:
    misses, told, last = 0, "", time.monotonic() + LIFE_S
    while time.monotonic() < last:
        misses = misses + 1 if silent() and not starting() else 0
        if misses >= MISSES:
            for process in waiting():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
        word = "silent" if misses >= MISSES else "answers" if not misses else told
        if word != told:
            told = word
            sys.stdout.write(word + "\n")
            sys.stdout.flush()
        end = time.monotonic() + (SILENT_PAUSE_S if misses else PAUSE_S)
        while (left := end - time.monotonic()) > 0:
            if select.select([sys.stdin], [], [], left)[0] and not os.read(0, 1024):
                return


if __name__ == "__main__":
    main()
