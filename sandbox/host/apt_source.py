"""What the machine's own apt knows: which Debian mirror it uses and through which proxy."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

SUITE = "bookworm"

# Only how to reach a mirror is taken over; hooks, cleaners and index settings belong to the machine.
_TRANSPORT = re.compile(r"Acquire::(?:https?::|socks::|Retries\b|Check-Valid-Until\b|Check-Date\b|ForceIPv4\b)")
_DEBIAN = re.compile(r"(?P<codename>[a-z]+)(?:-(?P<pocket>security|updates))?$")


class MirrorError(RuntimeError):
    """The machine's apt configuration names no Debian mirror."""


@dataclass(frozen=True)
class Target:
    """One line of `apt-get indextargets`."""

    uri: str
    release: str
    component: str
    origin: str


def parse_targets(text: str) -> list[Target]:
    """Parse lines of `URI|RELEASE|COMPONENT|ORIGIN`; ORIGIN stays a placeholder before `apt-get update`."""
    found = []
    for line in text.splitlines():
        parts = line.split("|")
        if len(parts) == 4:
            found.append(Target(parts[0].rstrip("/"), parts[1], parts[2], parts[3]))
    return found


def sources(targets: list[Target], suite: str = SUITE) -> list[str]:
    """apt source lines for `suite`, with its updates and security pockets, from the mirrors of `targets`.

    A machine with a newer Debian still has a mirror that serves `suite`. Raises MirrorError if none is Debian's.
    """
    mirrors: dict[str, str] = {}
    for target in targets:
        match = _DEBIAN.match(target.release)
        is_debian = target.origin == "Debian" or (target.origin.startswith("$(") and "debian" in target.uri)
        if match and is_debian and target.component == "main":
            mirrors.setdefault(match["pocket"] or "", target.uri)
    override = os.environ.get("MECH_DEBIAN_MIRROR")
    if override:
        mirrors = {"": override.rstrip("/")}
    if "" not in mirrors:
        raise MirrorError(
            "no Debian mirror in this machine's apt configuration (apt-get indextargets lists none with main). "
            "Set MECH_DEBIAN_MIRROR=http://YOUR-MIRROR/debian and run the same command again."
        )
    return [
        f"deb {mirrors[pocket]} {suite + ('-' + pocket if pocket else '')} main"
        for pocket in ("", "updates", "security")
        if pocket in mirrors
    ]


def transport(dump: str) -> str:
    """The lines of `apt-config dump` that say how mirrors are reached (proxies, certificate authorities)."""
    kept = [line for line in dump.splitlines() if _TRANSPORT.match(line) and not line.endswith('"";')]
    return "".join(line + "\n" for line in kept)


def machine_sources() -> list[str]:
    """Source lines for SUITE from this machine's apt configuration."""
    layout = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)"
    command = ["apt-get", "indextargets", "--format", layout, "Created-By: Packages"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return sources(parse_targets(answer.stdout))


def write_transport(path: Path) -> None:
    """Write this machine's proxy and CA settings for apt to `path`."""
    dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=False).stdout
    path.write_text(transport(dump))
