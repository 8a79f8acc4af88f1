"""How gently a backup and a proof work: what others than their own processes do for them comes in short pieces, with rests between.

Priorities do not reach that work: Docker makes a process in a container with its own hands, and the databases read for a dump with
theirs. So whoever asks them waits: after a call seven times as long as it took, and while a dump is read so that no more than a
number of bytes a second is taken from it. mongodump stops asking when nobody takes what it writes; it has no such option itself.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import IO

_SHARE = 1 / 8  # of the time somebody works for us
_LONGEST_S = 3.0  # a rest; what takes longer is held back while it runs
_PIECE = 1 << 16  # bytes, what a pipe holds
_RATE: ContextVar[int] = ContextVar("rate", default=0)


@contextlib.contextmanager
def gently(mb_s: int) -> Iterator[None]:
    """Within, calls are followed by rests, and a dump is read at so many MiB a second; 0: neither."""
    before = _RATE.set(mb_s << 20)
    try:
        yield
    finally:
        _RATE.reset(before)


def rest(took_s: float, sleep: Callable[[float], None] = time.sleep) -> None:
    """After a call that took so long; nothing where nobody asked for it."""
    if _RATE.get():
        sleep(min(_LONGEST_S, took_s * (1 / _SHARE - 1)))


def rate() -> int:
    """Bytes a second; 0: as fast as it goes."""
    return _RATE.get()


def cores() -> str:
    """What a container in which a backup is tried may use, as `docker run --cpus` takes it."""
    return "0.5" if _RATE.get() else "1"


def pour(source: IO[bytes], to: IO[bytes], rate: int) -> None:
    """All of an unbuffered `source`, at `rate` bytes a second in the long run. Raises OSError."""
    begun, poured = time.monotonic(), 0
    while piece := source.read(_PIECE):
        to.write(piece)
        poured += len(piece)
        ahead = poured / rate - (time.monotonic() - begun)
        if ahead > 0:
            time.sleep(ahead)
        elif ahead < -1:  # time that was not used is not made up for
            begun, poured = time.monotonic(), 0
