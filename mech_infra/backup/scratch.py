"""Containers of the images that run, without a network, in which a backup is tried; and the end of all that a run left."""

from __future__ import annotations

import contextlib
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from mech_infra.backup import child, pacing
from mech_infra.backup.settings import STATE
from mech_infra.backup.words import LABEL, Failed

FOLDER = STATE / "scratch"
_CALL_S, _READY_S = 60, 300
_SPARE_MB = 256  # of memory, for what else runs
_LEAST_MB = 128


def clean() -> None:
    """What a run that was killed left: scratch containers, and folders with plain data. Raises Failed."""
    names = docker("ps", "-aq", "--filter", f"label={LABEL}").split()
    if names:
        docker("rm", "-f", "-v", *names)
    for name in ("staging", "scratch"):
        shutil.rmtree(STATE / name, ignore_errors=True)


def image(container: str) -> str:
    """The id of the image that a container runs; "" for one that is not there."""
    done = child.run("docker", "inspect", "-f", "{{.Image}}", container, limit_s=_CALL_S)
    return "" if done.code else done.out.strip()


@contextlib.contextmanager
def container(
    of: str,
    reference: str,
    memory_mb: int,
    answers: Callable[[str], bool],
    mount: Path | None = None,
    command: Sequence[str] = (),
) -> Iterator[str]:
    """The name of one that answers; it goes whatever happens. `mount`: its /data. Raises Failed."""
    name = f"mech-scratch-{of}-{secrets.token_hex(4)}"
    limit = memory(memory_mb)
    words = ["run", "-d", "--name", name, "--network", "none", "--label", f"{LABEL}={of}", "--restart", "no"]
    words += ["--memory", f"{limit}m", "--memory-swap", f"{limit}m", "--log-opt", "max-size=1m"]
    # The kernel ends this one before any that serves, and gives it a sixteenth of the time where there is not enough for both.
    words += ["--oom-score-adj", "1000", "--cpus", pacing.cores(), "--cpu-shares", "64"]
    words += ["--volume", f"{mount}:/data"] if mount else []
    try:
        docker(*words, reference, *command)
        end = time.monotonic() + _READY_S
        while not answers(name):
            if time.monotonic() > end or docker("inspect", "-f", "{{.State.Running}}", name).strip() != "true":
                logs = child.run("docker", "logs", "--tail", "3", name, limit_s=_CALL_S)
                why = " ".join(logs.said.split())[-300:]
                raise Failed(
                    "RESTORE_FAILED", f"{of} does not start with the data of the snapshot: {why or 'it said nothing'}"
                )
            time.sleep(0.5)
        yield name
    finally:
        child.run("docker", "rm", "-f", "-v", name, limit_s=_CALL_S)


def memory(wanted_mb: int) -> int:
    """What a scratch container may have, in MiB: no more than the host can spare. Raises Failed."""
    about = Path("/proc/meminfo").read_text()
    match = re.search(r"^MemAvailable:\s+(\d+) kB", about, re.M)
    spare = (int(match[1]) >> 10) - _SPARE_MB if match else wanted_mb
    if spare < _LEAST_MB:
        raise Failed(
            "NO_MEMORY",
            f"the host has not enough memory left to try a backup in ({spare + _SPARE_MB} MiB): mech diagnose",
        )
    return min(wanted_mb, spare)


def docker(*words: str, limit_s: float = _CALL_S) -> str:
    """Raises Failed."""
    done = child.run("docker", *words, limit_s=limit_s)
    if done.code:
        said = (done.err.strip().splitlines() or ["it gave no reason"])[-1]
        raise Failed("DOCKER", f"docker {words[0]} failed: {said[:300]}; mech diagnose")
    return done.out
