"""What this machine lacks, said before anything is begun."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from engine.paths import cache

MIN_FREE_GB, MIN_MEMORY_GB = 6, 4


def problems(sandbox: bool = True) -> list[str]:
    """One sentence a problem, each with its fix; empty when the machine will do. `sandbox`: hosts will run here."""
    found = []
    if sys.platform != "linux":
        return ["this is not Linux: the sandbox boots Linux hosts; use a Debian 12 machine or virtual machine"]
    if sys.version_info < (3, 11):  # noqa: UP036 - this is what says so
        found.append(
            f"Python {sys.version.split()[0]} is too old: install 3.11 or later and run make PYTHON=python3.11"
        )
    free = _free_gb(cache())
    if free < MIN_FREE_GB:
        found.append(
            f"only {free:.1f} GB free for {cache()}, {MIN_FREE_GB} GB are needed: free some, or set MECH_CACHE elsewhere"
        )
    if sandbox:
        found += _sandbox_problems()
    return found


def _sandbox_problems() -> list[str]:
    found = []
    if os.geteuid() != 0:
        return ["not root: the sandbox makes network namespaces and mounts; run it as root (make check needs no root)"]
    if shutil.which("apt-get") is None:
        found.append("no apt-get: the sandbox's hosts are made from Debian packages; use a Debian 12 machine")
    try:
        code = subprocess.run(
            ["unshare", "-m", "-n", "-u", "-i", "-p", "-C", "--fork", "true"], capture_output=True, check=False
        ).returncode
    except FileNotFoundError:
        code = 1
    if code:
        found.append("namespaces are not allowed here (unshare failed): run on a machine or a privileged container")
    memory = _memory_gb()
    if memory < MIN_MEMORY_GB:
        found.append(f"only {memory:.1f} GB of memory, {MIN_MEMORY_GB} GB are needed")
    return found


def _free_gb(path: Path) -> float:
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free / 1e9


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
