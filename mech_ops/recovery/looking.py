"""How a host that runs is: one SSH trip, changing nothing; every question there has a limit of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from mech_infra.commands.script import room, script
from mech_infra.commands.volume import DATA
from mech_ops import host_shell
from mech_ops.errors import OpsError
from mech_ops.hosts import Host as Member

Json = dict[str, Any]

_BLOCK = "vultr:index/blockStorage:BlockStorage"
# Seconds that a host may take to come up after a reboot; its data volume is waited for half of that.
BOOT_S = 120
# Not so often that `ufw limit` (6 new connections in 30 s) takes it for an attack.
AGAIN_S = 7
_CURL_TIMEOUT = "28"


@dataclass(frozen=True)
class Host:
    """A host that answers SSH, as the state knows it; `member`: of a fleet another one than the first."""

    state: Json
    address: str
    member: Member | None = None

    def run(self, command: str, limit_s: float = 60) -> tuple[int, str]:
        """(exit code, what it said). Raises OpsError when the host does not answer."""
        return host_shell.output(self.state, self.address, command, limit_s, self.member)

    def do(self, what: str, command: str, limit_s: float = 180) -> str:
        """Run what must work; `what` is for the sentence when it does not. Raises OpsError."""
        code, said = self.run(command, limit_s)
        if code:
            last = [line for line in said.splitlines() if line.strip()][-1:] or ["it said nothing"]
            raise OpsError(f"{what} on host {self.address} failed: {last[0].strip()}")
        return said

    @property
    def block(self) -> Json | None:
        """The data volume as the state has it; it is the first host's."""
        if self.member and not self.member.first:
            return None
        resources = self.state.get("deployment", {}).get("resources") or []
        return next((r for r in resources if r.get("type") == _BLOCK and r.get("id")), None)

    @property
    def mount_id(self) -> str:
        return str(((self.block or {}).get("outputs") or {}).get("mountId") or "")


@dataclass(frozen=True)
class Facts:
    """`mounted` and `device` are MAJOR:MINOR, "" where there is none; `readable`: the mounted volume gives what it has."""

    docker: str  # systemd's ActiveState
    docker_answers: bool
    docker_silent: bool  # takes connections and never answers
    mounted: str
    device: str
    readable: bool
    read_only: bool
    mounts_at_boot: bool  # the program has set the volume up on this host


def question(mount_id: str) -> str:
    """The script for the host; prints `mech-NAME=VALUE` lines."""
    device = device_of(mount_id) if mount_id else "/dev/null/none"
    return script(room(__file__) / "question.sh", DATA, device, BOOT_S)


def device_of(mount_id: str) -> str:
    """Where Vultr's volumes are on a host."""
    return f"/dev/disk/by-id/virtio-{mount_id}"


def facts(host: Host) -> Facts:
    """Ask the host, once it has come up. Raises Unreached, or OpsError where a person has to look."""
    _, said = host.run(question(host.mount_id), BOOT_S + 60)
    found = dict(re.findall(r"^mech-(\w+)=(.*)$", said, re.M))
    if "readable" not in found:
        raise OpsError(f"host {host.address} answers SSH, but runs no command: look at its console at Vultr")
    return Facts(
        docker=found["docker"],
        docker_answers=found["answers"] == "0",
        docker_silent=found["answers"] == _CURL_TIMEOUT and found["docker"] == "active",
        mounted=found["mounted"],
        device=found["device"],
        readable=found["readable"] == "0",
        read_only="ro" in found["options"].split(","),
        mounts_at_boot="boot" in found,
    )
