"""The part of the program on the host that all subjects share (host/program.py puts their readers behind it).

Standard library only, and only what Debian 12 has.
"""

from __future__ import annotations

import base64
import concurrent.futures
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

_T = TypeVar("_T")


def run(*argv: str, timeout: int = 10, given: str = "") -> tuple[int, str]:
    """(exit code, both streams); 127 for what is not there or too slow."""
    try:
        done = subprocess.run(
            argv, input=given.encode(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout
        )
    except (OSError, subprocess.TimeoutExpired):
        return 127, ""
    return done.returncode, done.stdout.decode(errors="replace")


_known: dict[tuple[Any, ...], concurrent.futures.Future[Any]] | None = None  # while a look runs


def once(read: Callable[..., _T], *given: Any) -> _T:
    """What `read` says, which several readers want: in one look it is asked once, and the others wait for that."""
    known = _known
    if known is None:
        return read(*given)
    mine: concurrent.futures.Future[_T] = concurrent.futures.Future()
    found: concurrent.futures.Future[_T] = known.setdefault((read, *given), mine)
    if found is mine:
        try:
            mine.set_result(read(*given))
        except Exception as error:
            mine.set_exception(error)
    return found.result()


def text(path: str | Path) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def age_s(process: str | Path) -> float | None:
    """Seconds since a process began, by its folder in /proc; None where it is gone."""
    # proc(5): after the name in brackets the start time is the 20th field, in clock ticks since boot.
    fields = (text(Path(process, "stat")) or "").rpartition(")")[2].split()
    if len(fields) < 20:
        return None
    return float((text("/proc/uptime") or "0").split()[0]) - int(fields[19]) / os.sysconf("SC_CLK_TCK")


def python_at_work(marks: Sequence[str], longest_s: float) -> bool:
    """Whether a Python runs that has one of these words, and not for longer than that.

    Of the program that runs, not of who has its name among what it searches for.
    """
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        ours = words[0].rpartition("/")[2].startswith("python") and any(mark in words for mark in marks)
        if ours and (age_s(path.parent) or 0) < longest_s:
            return True
    return False


class Docker(http.client.HTTPConnection):
    def __init__(self, timeout: float = 10) -> None:
        super().__init__("localhost", timeout=timeout)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect("/run/docker.sock")


def ask(path: str, timeout: float = 10) -> Any:
    """Docker's answer to a GET."""
    connection = Docker(timeout)
    try:
        connection.request("GET", path)
        return json.load(connection.getresponse())
    finally:
        connection.close()


LIMIT_S = 11.0  # a Docker that hangs keeps its readers for longer; who waits for us must not wait for that


Readers = Mapping[str, tuple[Callable[..., Any], Mapping[str, Any]]]


def looked(readers: Readers) -> dict[str, Any]:
    """What all readers find, side by side; None for one that fails or is late: judging says what that means."""
    global _known
    _known = {}
    end = time.monotonic() + LIMIT_S
    pool = concurrent.futures.ThreadPoolExecutor(len(readers))
    pending = {name: pool.submit(read, **wanted) for name, (read, wanted) in readers.items()}
    facts: dict[str, Any] = {}
    for name, future in pending.items():
        try:
            facts[name] = future.result(timeout=max(0.0, end - time.monotonic()))
        except concurrent.futures.TimeoutError:
            facts[name] = None
            sys.stderr.write(f"{name}: not read within {LIMIT_S:.0f} s\n")
        except Exception as error:
            facts[name] = None
            sys.stderr.write(f"{name}: {error}\n")
    _known = None
    return facts


def main(readers: Readers) -> None:
    facts = looked(readers)
    # One line of base64: what a login shell prints before it cannot be taken for it.
    sys.stdout.write("MECH-FACTS " + base64.b64encode(json.dumps(facts).encode()).decode() + "\n")
    sys.stdout.flush()
    os._exit(0)  # without waiting for those that are late
