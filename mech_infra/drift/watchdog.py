"""Beside every engine operation that looks at the host: what hangs there is ended, and the user told what to do.

The Docker provider's plugin has no limit for a call that only reads, and one of 20 minutes for the rest (pulumi-docker
5.2.0); it gives up when its connection ends. A dead connection ends by ssh's keep-alives (mech_infra.commands.ssh); one to
a frozen Docker is ended on the host (mech_infra.drift.vigil). This is the near end: a thread in the sensors' plugin,
which lives for one engine operation; it keeps the connection that all share (mech_infra.commands.sharing).
"""

from __future__ import annotations

import os
import shlex
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from mech_infra.commands.sharing import lives, share
from mech_infra.commands.ssh import VIGIL_MARK, interpreter
from mech_infra.drift import engine

VIGIL = Path(__file__).with_name("vigil.py")
# Not so often that `ufw limit` (6 in 30 s) takes it for an attack.
_AGAIN_S = 10
_SSH_FAILED = 255
# ssh says what ended it.
_OPTIONS = ("-o", "LogLevel=VERBOSE")
_watched: set[str] = set()
_lock = threading.Lock()


def watch(access: Mapping[str, str], told: bool) -> None:
    """Keep watch over this host until the process ends; once a host is enough.

    `told`: somebody else says it when the host does not answer at the first attempt.
    """
    with _lock:
        if access["host"] in _watched or engine.address() is None:
            return
        _watched.add(access["host"])
    threading.Thread(target=_watch, args=(dict(access), told), daemon=True).start()


def command(access: Mapping[str, str]) -> list[str]:
    """argv of the watch on the host; it ends there when its standard input does. No secret stands in it."""
    ssh, *options = interpreter(access["identity"], access["host"], access["host_key"], attempts=1)
    return [ssh, *_OPTIONS, *options, f"exec python3 -c {shlex.quote(VIGIL.read_text())} {VIGIL_MARK}"]


def hear(host: str, words: Iterable[str], say: Callable[[str], None]) -> bool:
    """Say what these words of one connection mean; whether the host was reached at all."""
    reached = False
    for word in words:
        reached = True
        if word.strip() == "silent":
            say(
                f"Docker on host {host} takes connections and does not answer: "
                "what waited for it was ended. Next: mech recover, then pulumi up"
            )
    return reached


def _watch(access: Mapping[str, str], told: bool) -> None:
    while True:
        argv = command(access)
        ssh, user_host = argv[:-2], argv[-2]
        share(ssh, user_host)
        with subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        ) as process:  # fmt: skip
            assert process.stdout is not None and process.stderr is not None
            reached, last = hear(access["host"], process.stdout, engine.say), process.stderr.read()
        # When the engine is done it ends us, and ssh first: "Killed by signal 15.", or without a word in a shared connection.
        failed = process.returncode == _SSH_FAILED and "by signal" not in last
        if failed and (reached or not told) and not lives(ssh, user_host):
            engine.say(
                f"the connection to host {access['host']} broke. If this run fails: mech recover, then pulumi up"
            )
        told = True
        time.sleep(_AGAIN_S)
