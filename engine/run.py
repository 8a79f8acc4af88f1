"""Runs commands for the set-up: output kept for the error, nothing shown when all is well."""

from __future__ import annotations

import fcntl
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path


class SetupError(Exception):
    """The set-up cannot go on; the text says why and what to do."""


def run(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    advice: str = "",
    line: Callable[[str], None] | None = None,
) -> str:
    """Run to the end and return the output. Raises SetupError with its last lines and `advice`.

    `line` is told each line as it comes (progress).
    """
    words = [str(word) for word in command]
    try:
        process = subprocess.Popen(
            words,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
    except FileNotFoundError:
        raise SetupError(f"{words[0]} is not installed. {advice}".strip()) from None
    assert process.stdout
    output = []
    try:
        for text in process.stdout:
            output.append(text)
            if line:
                line(text.rstrip("\n"))
        code = process.wait()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    if code:
        tail = "".join(output[-12:]).strip()
        raise SetupError(f"`{' '.join(words[:4])}` ended with {code}:\n{tail}\n{advice}".strip())
    return "".join(output)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One set-up at a time works on what `path` stands for; the others wait."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
