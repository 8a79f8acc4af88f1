"""Runs the machine's tools (ip, nft, losetup …) in one place, and turns their failures into HostError."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from sandbox.host.model import HostError


def run(argv: Sequence[str], text: str | None = None) -> str:
    """Run a command, feed it `text`, return its standard output. Raises HostError with what the tool said."""
    try:
        done = subprocess.run(
            list(argv), input=text, stdin=None if text is not None else subprocess.DEVNULL,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    except FileNotFoundError:
        raise HostError(
            f"{argv[0]} not found. Install the sandbox's tools: "
            "apt-get install -y iproute2 nftables util-linux mount e2fsprogs openssl openssh-client"
        ) from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise HostError(f"`{' '.join(argv[:6])}` failed: {said[-1] if said else f'exit {done.returncode}'}")
    return done.stdout


def shell(module: str, name: str, *arguments: str) -> list[str]:
    """The command that runs NAME.sh, in the folder of a module (its `__file__`), with the arguments as "$1", "$2" ….

    Its text stands in the command: it also runs where no file of the machine is to be seen.
    """
    path = Path(module).with_suffix("") / f"{name}.sh"
    return ["sh", "-c", path.read_text(), path.name, *arguments]


def quiet(argv: Sequence[str], text: str | None = None) -> bool:
    """As `run`, for what may already be gone: whether it worked."""
    try:
        run(argv, text)
    except HostError:
        return False
    return True


def wait_for(check: Callable[[], bool], seconds: float, step: float = 0.05) -> bool:
    """Whether `check` became true within `seconds`."""
    deadline = monotonic() + seconds
    while not check():
        if monotonic() > deadline:
            return False
        sleep(step)
    return True


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on `path` (made if missing); waits for whoever has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in `path`, {} if there is none."""
    try:
        data = json.loads(path.read_text())
    except (FileNotFoundError, NotADirectoryError, json.JSONDecodeError):
        return {}
    return data if isinstance(data, dict) else {}


def write_json(path: Path, data: object, mode: int = 0o600) -> None:
    """Write so that a reader sees the old text or the new, never half of it."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as handle:
        json.dump(data, handle)
    fresh.replace(path)


def started(pid: int) -> str | None:
    """When `pid` started (clock ticks since boot, so a reused pid differs); None if it is gone or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else fields[19]
