"""A control group of its own for each host, in every hierarchy of the machine (v1, hybrid or v2)."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from sandbox.host.run import wait_for


@dataclass(frozen=True)
class Hierarchy:
    """One mounted hierarchy: where, and how to mount it again inside a cgroup namespace."""

    mount: Path
    kind: str  # "cgroup" or "cgroup2"
    options: str

    @property
    def words(self) -> tuple[str, str, str]:
        """Type, folder and options, as boot/mounts.sh takes them."""
        return self.kind, str(self.mount), self.options


_PLAIN = {"rw", "ro", "xattr", "nsdelegate", "memory_recursiveprot", "relatime", "seclabel", "release_agent"}


def parse(mounts: str) -> list[Hierarchy]:
    """Hierarchies in the text of /proc/self/mounts."""
    found: dict[Path, Hierarchy] = {}
    for line in mounts.splitlines():
        _, where, kind, options = line.split()[:4]
        if kind not in ("cgroup", "cgroup2") or not where.startswith("/sys/fs/cgroup"):
            continue
        own = [o for o in options.split(",") if o.split("=")[0] not in _PLAIN and not o.startswith("no")]
        if any(o.startswith("name=") for o in own):
            own = ["none", *(o for o in own if o.startswith("name="))]
        found[Path(where)] = Hierarchy(Path(where), kind, ",".join(own) if kind == "cgroup" else "")
    return list(found.values())


def hierarchies() -> list[Hierarchy]:
    """Those of this machine."""
    return parse(Path("/proc/self/mounts").read_text())


def make(name: str) -> list[Path]:
    """Make the group `name` everywhere; returns the files a process writes its pid into to join."""
    joins = []
    for hierarchy in hierarchies():
        group = hierarchy.mount / name
        group.mkdir(exist_ok=True)
        for setting in ("cpuset.cpus", "cpuset.mems"):
            # v1: an empty cpuset takes no process
            if hierarchy.kind == "cgroup" and (group / setting).exists():
                (group / setting).write_text((hierarchy.mount / setting).read_text())
        if hierarchy.kind == "cgroup2" and hierarchy.mount == Path("/sys/fs/cgroup"):
            for controller in (hierarchy.mount / "cgroup.controllers").read_text().split():
                with contextlib.suppress(OSError):
                    (hierarchy.mount / "cgroup.subtree_control").write_text(f"+{controller}")
        joins.append(group / "cgroup.procs")
    return joins


def remove(name: str, seconds: float = 5) -> bool:
    """Remove the group and all below it; processes on their way out are waited for. Whether it is gone."""
    return wait_for(lambda: all(_remove_once(h.mount / name) for h in hierarchies()), seconds)


def _remove_once(group: Path) -> bool:
    if not group.exists():
        return True
    for child in sorted((p for p in group.rglob("*") if p.is_dir()), key=lambda p: -len(p.parts)):
        with contextlib.suppress(OSError):
            child.rmdir()
    with contextlib.suppress(OSError):
        group.rmdir()
    return not group.exists()


def processes(name: str) -> set[int]:
    """Pids in the group and below it."""
    found: set[int] = set()
    for hierarchy in hierarchies():
        for file in (hierarchy.mount / name).rglob("cgroup.procs"):
            with contextlib.suppress(OSError):
                found.update(int(pid) for pid in file.read_text().split())
    return found


def names(prefix: str) -> set[str]:
    """Groups at the top of a hierarchy whose names begin with `prefix`."""
    return {group.name for hierarchy in hierarchies() for group in hierarchy.mount.glob(f"{prefix}*") if group.is_dir()}
