"""All facts of a host in one SSH trip; the sensors of one engine operation share it."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import threading
import time
from collections.abc import Mapping
from typing import Any

from mech_infra.commands.sharing import share
from mech_infra.commands.ssh import interpreter
from mech_infra.facts.host import program
from mech_infra.facts.model import Unreachable

# The engine asks all sensors within seconds; the plugin's process lives for one operation, `up` has two.
_FRESH_S = 30
_TRIP_S = 60


def command(access: Mapping[str, str]) -> list[str]:
    """argv of the trip; the program goes in by standard input. No secret stands in either."""
    return [*_ssh(access), "python3 -"]


def _ssh(access: Mapping[str, str]) -> list[str]:
    return interpreter(access["identity"], access["host"], access["host_key"], attempts=1)


_cache: dict[tuple[str, str], tuple[float, dict[str, Any] | Unreachable]] = {}
_locks: dict[str, threading.Lock] = {}  # by host: all are asked at once, each by one


def facts(access: Mapping[str, str], asked: program.Asked | None = None, fresh_s: float = _FRESH_S) -> dict[str, Any]:
    """The host's facts and those of `asked`, read now or at most `fresh_s` ago by another sensor. Raises Unreachable."""
    text = program.source(asked)
    key = (access["host"], text)
    with _locks.setdefault(access["host"], threading.Lock()):  # the others wait for the first one's trip
        at, found = _cache.get(key, (0.0, Unreachable("not asked")))
        if not at or time.monotonic() - at > fresh_s:
            try:
                found = _fetch(access, text)
            except Unreachable as error:
                found = error
            _cache[key] = (time.monotonic(), found)
    if isinstance(found, Unreachable):
        raise found
    return found


def _fetch(access: Mapping[str, str], text: str) -> dict[str, Any]:
    *ssh, user_host = _ssh(access)
    if unreached := share(ssh, user_host):
        raise Unreachable(unreached)
    try:
        done = subprocess.run(
            command(access), input=text.encode(), capture_output=True, timeout=_TRIP_S, check=False,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Unreachable(f"no answer within {_TRIP_S} s") from None
    return understood(done)


def understood(done: subprocess.CompletedProcess[bytes]) -> dict[str, Any]:
    """The facts that the program printed. Raises Unreachable where it did not."""
    match = re.search(rb"^MECH-FACTS (\S+)$", done.stdout, re.M)
    if not match:
        said = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines() or ["no output"]
        raise Unreachable(said[-1])
    found: dict[str, Any] = json.loads(base64.b64decode(match.group(1)))
    return found
