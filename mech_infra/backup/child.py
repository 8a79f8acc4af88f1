"""Other programs, each with a limit in time; what they are told in secret goes by environment or standard input, never argv."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from mech_infra.backup import pacing
from mech_infra.backup.words import Failed

_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1  # prctl(2)
_DRAIN_S = 60.0  # for what a pipe still holds when its writer has ended
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Done:
    """How a child ended; `out` is empty where it went into a file."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return f"{self.err}\n{self.out}".strip()


def run(
    *argv: str,
    limit_s: float,
    env: Mapping[str, str] | None = None,
    given: bytes | IO[bytes] | None = None,
    into: Path | None = None,
) -> Done:
    """Raises Failed for one that is not there or too slow, when it and all that it started are ended; OSError for `into`.

    `given` is its standard input; its output goes into the file `into`, where one is named, gently where that is asked for.
    """
    begun = time.monotonic()
    whole = {"PATH": os.environ.get("PATH", _PATH), "HOME": "/root", "LC_ALL": "C.UTF-8", **(env or {})}
    with (
        tempfile.TemporaryFile() as said,
        into.open("wb") if into else tempfile.TemporaryFile() as out,
        _slowly(out, pacing.rate()) if into and pacing.rate() else contextlib.nullcontext(out) as stdout,
    ):
        stdin: Any = subprocess.DEVNULL if given is None else subprocess.PIPE if isinstance(given, bytes) else given
        try:
            process = subprocess.Popen(
                argv,
                stdin=stdin,
                stdout=stdout,
                stderr=said,
                env=whole,
                cwd="/",
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        except OSError as error:
            raise Failed("NO_PROGRAM", f"{argv[0]} cannot be run on this host ({error.strerror}): pulumi up") from None
        try:
            process.communicate(given if isinstance(given, bytes) else None, timeout=limit_s)
        except subprocess.TimeoutExpired:
            raise Failed("TOO_SLOW", f"{name(argv)} did not end within {limit_s:.0f} s and was ended") from None
        finally:
            _end(process)
        # What Docker does for a call no priority of ours reaches.
        if argv[0] == "docker":
            pacing.rest(time.monotonic() - begun)
        return Done(process.returncode, "" if into else _text(out), _text(said))


def _die_with_parent() -> None:
    """A run that is killed leaves nothing that goes on beside the next one."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


@contextlib.contextmanager
def after(text: bytes, path: Path) -> Iterator[IO[bytes]]:
    """A stream that has `text` and then a file, for the standard input of a child; nothing of it is written anywhere."""
    reads, writes = os.pipe()

    def feed() -> None:
        # Who has read enough closes its end.
        with contextlib.suppress(BrokenPipeError), os.fdopen(writes, "wb") as to, path.open("rb") as file:
            to.write(text)
            shutil.copyfileobj(file, to, 1 << 20)

    thread = threading.Thread(target=feed, daemon=True)
    with os.fdopen(reads, "rb") as stream:
        thread.start()
        yield stream
    thread.join()


@contextlib.contextmanager
def _slowly(to: IO[bytes], rate: int) -> Iterator[IO[bytes]]:
    """A stream for the standard output of a child, which gets into `to` at so many bytes a second. Raises OSError."""
    reads, writes = os.pipe()
    failed: list[OSError] = []

    def drain() -> None:
        try:
            with os.fdopen(reads, "rb", buffering=0) as source:
                pacing.pour(source, to, rate)
        except OSError as error:  # the child's next write fails, and so it ends
            failed.append(error)

    thread = threading.Thread(target=drain, daemon=True)
    try:
        with os.fdopen(writes, "wb") as stream:
            thread.start()
            yield stream
    finally:
        thread.join(_DRAIN_S)
    if failed:
        raise failed[0]


def name(argv: tuple[str, ...]) -> str:
    """What runs, in a word or two: of a call in a container, what is called there."""
    words = [word for word in argv if not word.startswith("-")]
    if words[:2] == ["docker", "exec"]:
        return f"{words[3]} in {words[2]}"
    return " ".join(words[:2])


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
