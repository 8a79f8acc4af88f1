"""Units of systemd and packages of Debian: there, running now, and at the next boot."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mech_infra.commands.boot import PACKAGES
from mech_infra.facts.host.onhost import run
from mech_infra.facts.host.program import asked, on_host, reads
from mech_infra.facts.model import Check, Facts

_OURS = [
    "mech-data",
    "mech-swarm",
    "mech-certificate.timer",
    "mech-heal.timer",
    "mech-alert.timer",
    "mech-backup.timer",
    "mech-backup-proof.timer",
]


@reads(names=["docker", "nginx", "ufw", "ssh", *_OURS])
def units(names: list[str]) -> dict[str, Any]:
    _, said = run("systemctl", "show", "-p", "Id,ActiveState,UnitFileState,LoadState", *names)
    found = {}
    for block in said.split("\n\n"):
        about = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        if "Id" in about:
            active, enabled, load = (about.get(key) for key in ("ActiveState", "UnitFileState", "LoadState"))
            found[about["Id"]] = {"active": active, "enabled": enabled, "load": load}
    return found


@dataclass(frozen=True)
class Unit(Check, kind="unit", reads=["units"]):
    """Runs now and at boot; `boot_only` for one that does its work at boot and is then done."""

    name: str
    boot_only: bool = False

    @property
    def label(self) -> str:
        return f"unit {self.name}"

    @property
    def good(self) -> str:
        return "at boot" if self.boot_only else "running, at boot"

    def judge(self, facts: Facts) -> str | None:
        about = facts["units"].get(self.name if "." in self.name else f"{self.name}.service")
        if about is None:
            return None
        if about["load"] in ("not-found", "masked"):
            return str(about["load"])
        wrong = [] if self.boot_only or about["active"] == "active" else ["not running"]
        return ", ".join(wrong + ([] if about["enabled"] in ("enabled", "static") else ["not at boot"])) or None


@reads(names=[*PACKAGES, "apprise", "restic"])
def packages(names: list[str]) -> list[str]:
    _, said = run("dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *names)
    return [line.split()[0] for line in said.splitlines() if line.endswith(" installed")]


@dataclass(frozen=True)
class Package(Check, kind="package", reads=["packages"]):
    name: str

    @property
    def label(self) -> str:
        return f"package {self.name}"

    @property
    def good(self) -> str:
        return "installed"

    def judge(self, facts: Facts) -> str | None:
        return None if self.name in facts["packages"] else "not installed"


@asked(lists="/var/lib/apt/lists")
def updates(lists: str) -> dict[str, Any] | None:
    """Packages that an upgrade would bring, by apt's lists as they are: nobody on the network is asked.

    `security` are [name, version now, version to come], `others` is a number, `lists_s` how long ago they were fetched,
    None where there are none. None where apt does not say.
    """
    # With new packages: a kernel's security update is one, and a plain upgrade keeps it back.
    simulate = ("apt-get", "-s", "-o", "Debug::NoLocking=true", "--with-new-pkgs", "upgrade")
    code, said = run("env", "LC_ALL=C", *simulate, timeout=9)
    if code != 0:
        return None
    coming = upgrades(said)
    there = list(Path(lists).glob("*_*Release"))
    # A file has its archive's time, which can be older than its fetching; the folders have ours.
    places = [Path(lists), Path(lists, "partial"), *there]
    ages = [time.time() - path.stat().st_mtime for path in places if there and path.exists()]
    security = [[name, old, new] for name, old, new, secure in coming if secure]
    return {"security": security, "others": len(coming) - len(security), "lists_s": min(ages, default=None)}


@on_host
def upgrades(said: str) -> list[tuple[str, str, str, bool]]:
    """(package, version now, version to come, whether an archive for security has it) of what apt-get says it would do."""
    found = []
    for name, old, new, archives in re.findall(r"^Inst (\S+)(?: \[([^\]]*)\])? \((\S+) ([^)]*)\)", said, re.M):
        found.append((name, old, new, bool(re.search(r"(?i)debian-security|-security\b", archives))))
    return found
