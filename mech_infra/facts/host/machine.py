"""The machine: load, memory, clock, units that failed, what the kernel killed, errors of its journal, who holds apt."""

from __future__ import annotations

import ctypes
import fcntl
import glob
import os
import re
import struct
import time
from pathlib import Path
from typing import Any

from mech_infra.facts.host.onhost import age_s, run, text
from mech_infra.facts.host.program import asked, on_host


@asked(lock="/var/lib/dpkg/lock-frontend")
def machine(lock: str) -> dict[str, Any]:
    """Memory in bytes; `oom` and `errors` of the last hour, the former also as cgroups count them since they began."""
    _, failed = run("systemctl", "list-units", "--failed", "--plain", "--no-legend", timeout=5)
    killed = journal("-k", "-g", "(?i)out of memory: killed|oom-kill:|invoked oom-killer")
    return {
        # Its first process: a host may share its kernel, which is older, with others.
        "uptime_s": round(age_s("/proc/1") or 0, 1), "now": time.time(), "load": [round(load, 2) for load in os.getloadavg()],
        "cpus": len(os.sched_getaffinity(0)),
        "memory": meminfo(),
        "reboot_required": Path("/run/reboot-required").exists(), "synchronized": synchronized(),
        "failed_units": [line.split()[0] for line in failed.splitlines() if line.strip()],
        "oom": [*killed, *counted("/sys/fs/cgroup")], "errors": journal("-p", "err"), "apt_lock": holder(lock),
    }  # fmt: skip


@on_host
def journal(*which: str) -> list[str]:
    """At most the last 20 lines, of the last hour unless `which` says since when."""
    _, said = run("journalctl", "--no-pager", "-q", "-o", "short-iso", "--since", "-1h", "-n", "20", *which, timeout=6)
    return [line[:300] for line in said.splitlines() if line and not line.startswith("-- ")]


@asked()
def ram() -> dict[str, int]:
    """The machine's memory alone, for who looks often."""
    return meminfo()


@on_host
def meminfo() -> dict[str, int]:
    kilobytes = dict(re.findall(r"^(\w+):\s+(\d+) kB", text("/proc/meminfo") or "", re.M))
    return {
        name: int(kilobytes.get(key, 0)) * 1024 for name, key in (("total", "MemTotal"), ("available", "MemAvailable"))
    }


@asked()
def critical() -> list[str]:
    """What the journal has of the last day that is critical or worse; at most the last 20 lines."""
    return journal("-p", "crit", "--since", "-24h")


@on_host
def counted(room: str) -> list[str]:
    """The cgroups below a folder in which the kernel has killed for want of memory: both versions count it."""
    found = []
    for pattern in ("memory/**/memory.oom_control", "**/memory.events.local"):
        for path in glob.glob(f"{room}/{pattern}", recursive=True):  # noqa: PTH207 - absolute
            killed = re.search(r"^oom_kill (\d+)$", text(path) or "", re.M)
            if killed and int(killed[1]):
                group = str(Path(path).parent).removeprefix(room).removeprefix("/memory")
                found.append(f"{group}: {killed[1]} killed since it began")
    return found


@on_host
def synchronized() -> bool | None:
    """Whether the kernel knows the time to 16 s, which is what timedatectl goes by; None where it does not say."""
    about = ctypes.create_string_buffer(512)  # struct timex (adjtimex(2)); zeros in it change nothing
    if ctypes.CDLL(None).adjtimex(about) < 0:
        return None
    (error_us,) = struct.unpack_from("@l", about, 3 * struct.calcsize("@l"))
    return bool(error_us < 16_000_000)


@on_host
def holder(path: str) -> str:
    """The name of the process that holds the lock on a file; "" for none."""
    form = "hhqqi"  # struct flock of 64-bit Linux
    try:
        with Path(path).open("rb") as file:
            asked_of = struct.pack(form, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
            kind, _, _, _, pid = struct.unpack(form, fcntl.fcntl(file, fcntl.F_GETLK, asked_of))
    except OSError:
        return ""
    if kind == fcntl.F_UNLCK:
        return ""
    return (text(f"/proc/{pid}/comm") or f"process {pid}").strip()
