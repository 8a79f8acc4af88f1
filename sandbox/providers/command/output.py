"""What a command prints: kept apart, kept together for error messages, and shown line by line while it runs."""

from __future__ import annotations

import codecs
import json
import threading
from typing import Any

from sandbox.providers.contract import CheckFailure, Context, ProviderError

STREAMS = ("stdout", "stderr")
_LOGGING = {
    None: STREAMS,
    "stdout": ("stdout",),
    "stderr": ("stderr",),
    "stdoutAndStderr": STREAMS,
    "none": (),
}


def check_logging(value: Any) -> list[CheckFailure]:
    """`logging` must be one of its enum's values."""
    if not isinstance(value, str) or value in _LOGGING:
        return []
    known = ", ".join(name for name in _LOGGING if name)
    return [CheckFailure("logging", f"{value!r} is not one of {known}")]


class Output:
    """Collects both streams of one run; its methods may be called from several threads."""

    def __init__(self, ctx: Context, logging: str | None) -> None:
        self._ctx = ctx
        self._shown = _LOGGING.get(logging, STREAMS)
        self._parts: dict[str, list[str]] = {name: [] for name in STREAMS}
        self._together: list[str] = []
        self._line = ""
        # Bytes of one character may come in two reads.
        self._decoders = {name: codecs.getincrementaldecoder("utf-8")("replace") for name in STREAMS}
        self._lock = threading.Lock()

    def add(self, stream: str, data: bytes) -> None:
        with self._lock:
            text = self._decoders[stream].decode(data)
            self._parts[stream].append(text)
            self._together.append(text)
            if stream not in self._shown:
                return
            *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            self._ctx.log(line.removesuffix("\r"), ephemeral=True)

    def end(self) -> None:
        with self._lock:
            line, self._line = self._line, ""
        if line:
            self._ctx.log(line, ephemeral=True)

    def result(self) -> dict[str, str]:
        """stdout and stderr, each without one trailing newline."""
        return {name: "".join(self._parts[name]).removesuffix("\n") for name in STREAMS}

    def failure(self, reason: str, command: str) -> ProviderError:
        """The official wording: reason, the command quoted, and all it printed."""
        quoted = json.dumps(command, ensure_ascii=False)
        return ProviderError(f"{reason}: running {quoted}:\n{''.join(self._together)}")
