"""Disks: what is mounted, how full it is, and logs that nobody cuts."""

from __future__ import annotations

import glob
import math
import os
import re
import stat
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mech_infra import catalogue
from mech_infra.commands.volume import DATA
from mech_infra.facts.host.onhost import run, text
from mech_infra.facts.host.program import asked, reads
from mech_infra.facts.model import Check, Facts, Watch, listed


@reads()
def mounts() -> list[list[str]]:
    """[device, path]"""
    return [line.split()[:2] for line in (text("/proc/self/mounts") or "").splitlines()]


@dataclass(frozen=True)
class Mounted(Check, kind="mounted", reads=["mounts"]):
    path: str

    @property
    def label(self) -> str:
        return self.path

    good = "mounted"

    def judge(self, facts: Facts) -> str | None:
        return None if self.path in [mount[1] for mount in facts["mounts"]] else "not mounted"


@reads(paths=["/", "/var/lib/docker", DATA])
def space(paths: list[str]) -> list[dict[str, Any]]:
    """Room on the filesystems of the given paths, in bytes and inodes; `free` as for users, like df's."""
    found = []
    for path in paths:
        try:
            about = os.statvfs(path)
        except OSError:
            continue
        found.append({
            "path": path, "device": Path(path).stat().st_dev, "read_only": bool(about.f_flag & os.ST_RDONLY),
            "used": (about.f_blocks - about.f_bfree) * about.f_frsize, "free": about.f_bavail * about.f_frsize,
            "inodes_used": about.f_files - about.f_ffree, "inodes_free": about.f_favail,
        })  # fmt: skip
    return found


@dataclass(frozen=True)
class ShortOfSpace(Watch, kind="short-of-space"):
    """A filesystem of the host on which at least so much of the bytes or inodes is used."""

    percent: int = 90

    def tell(self, facts: Facts, access: Mapping[str, Any]) -> Iterator[str]:
        told = set()
        for fs in facts.get("space") or []:
            path = fs["path"]
            full = (fs["used"], fs["free"], f"full, {size(fs['free'])} free: du -xh -d3 {path} | sort -h | tail")
            many = (fs["inodes_used"], fs["inodes_free"], f"out of inodes: du -x --inodes -d3 {path} | sort -n | tail")
            for used, free, how in (full, many):
                percent = math.ceil(100 * used / (used + free)) if used + free else 0
                # One filesystem can be at two of the paths, and wants one sentence.
                if percent >= self.percent and fs["device"] not in told:
                    told.add(fs["device"])
                    yield f"not well: {path} is {percent} % {how}"


# The guide's places ("Disk Space Issues"), and where Docker keeps what containers print.
_LOGS = ["/var/log/**", f"{catalogue.SERVICES_ROOT}/*/logs/**", "/var/lib/docker/containers/*/*-json.log*"]


# In bytes; logrotate's maxsize is 100M and looked at once a day.
@reads(patterns=_LOGS, large=110_000_000)
def logs(patterns: list[str], large: int) -> list[dict[str, Any]]:
    """Log files of at least `large` bytes."""
    found = []
    for path in [path for pattern in patterns for path in glob.glob(pattern, recursive=True)]:  # noqa: PTH207 - absolute
        try:
            about = os.lstat(path)
        except OSError:
            continue
        # What takes room, not the length: /var/log/lastlog is mostly a hole.
        if stat.S_ISREG(about.st_mode) and about.st_blocks * 512 >= large:
            found.append({"path": path, "bytes": about.st_blocks * 512})
    return found


@asked(status="/var/lib/logrotate/status")
def rotation(status: str) -> dict[str, Any]:
    """When logrotate last ended, seconds ago (it writes its status then; None for never), and whether its timer runs."""
    _, said = run("systemctl", "show", "-p", "ActiveState", "logrotate.timer", timeout=5)
    try:
        ran_s: float | None = time.time() - Path(status).stat().st_mtime
    except OSError:
        ran_s = None
    return {"ran_s": ran_s, "timer": said.strip().partition("=")[2]}


@dataclass(frozen=True)
class LargeLogs(Watch, kind="large-logs"):
    """Log files that rotation should have cut."""

    def tell(self, facts: Facts, access: Mapping[str, Any]) -> Iterator[str]:
        names = {c["id"]: c["name"] for c in listed(facts, "docker", "containers")}
        for log in facts.get("logs") or []:
            container = re.match(r"/var/lib/docker/containers/(\w+)/", log["path"])
            if container:
                whose = names.get(container.group(1), container.group(1)[:12])
                yield f"not well: the log of the container {whose} takes {size(log['bytes'])}: its rotation is not as declared, or not yet applied"
            else:
                yield f"not well: {log['path']} takes {size(log['bytes'])}: logrotate /etc/logrotate.conf"


def size(number: int) -> str:
    """Bytes as a person reads them, in powers of ten."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6)):
        if number >= factor:
            return f"{number / factor:.1f} {unit}"
    return f"{number // 1000} kB"
