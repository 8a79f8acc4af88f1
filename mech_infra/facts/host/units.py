"""Units of systemd and packages of Debian: there, running now, and at the next boot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mech_infra.commands.boot import PACKAGES
from mech_infra.facts.host.onhost import run
from mech_infra.facts.host.program import reads
from mech_infra.facts.model import Check, Facts


@reads(names=["docker", "nginx", "ufw", "ssh", "mech-data", "mech-certificate.timer"])
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


@reads(names=list(PACKAGES))
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
