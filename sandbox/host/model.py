"""What a host is: its specification, its firewall rules, and where its things are kept."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from sandbox.settings import Settings

State = Literal["running", "stopped", "missing"]

_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{0,63}")


class HostError(RuntimeError):
    """A host could not do what was asked; the message is for people."""


@dataclass(frozen=True)
class HostSpec:
    """One machine to boot. `address` is IPv4 in the sandbox's /24, `disk_gb` in GiB, `password` root's."""

    id: str
    hostname: str
    address: str
    disk_gb: int
    ssh_keys: list[str]
    startup_script: str | None
    password: str = field(repr=False)


@dataclass(frozen=True)
class FirewallRule:
    """One accept rule of a Vultr firewall group. `port` is "" (any), "80" or "3001:3010"."""

    ip_type: Literal["v4", "v6"]
    protocol: Literal["tcp", "udp", "icmp", "gre", "esp", "ah"]
    port: str
    subnet: str
    subnet_size: int


@dataclass(frozen=True)
class Port:
    """A host's interface in a VPC: its name there (eth1 …), IPv4 address, prefix length and MAC address."""

    vpc: str
    interface: str
    address: str
    size: int
    mac: str


@dataclass(frozen=True)
class Place:
    """Where one host's things are, and what its devices on the machine are called."""

    settings: Settings
    id: str

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise HostError(f"host id {self.id!r} is not one: letters, digits and dashes, at most 64")

    @property
    def folder(self) -> Path:
        return self.settings.hosts / self.id

    @property
    def spec(self) -> Path:
        """The HostSpec as JSON, mode 0600."""
        return self.folder / "spec.json"

    @property
    def system(self) -> Path:
        """The name of the root file system in the cache that this host was created from."""
        return self.folder / "system"

    @property
    def disk(self) -> Path:
        return self.folder / "disk.img"

    @property
    def mount(self) -> Path:
        """Where the supervisor mounts the disk, in its own mount namespace only."""
        return self.folder / "disk"

    @property
    def root(self) -> Path:
        """Where the host's root is put together, in its own mount namespace only."""
        return self.folder / "root"

    @property
    def runtime(self) -> Path:
        """What the supervisor says about the present boot: pids, start times, readiness."""
        return self.folder / "runtime.json"

    @property
    def socket(self) -> Path:
        return self.folder / "control.sock"

    @property
    def firewall(self) -> Path:
        return self.folder / "firewall.json"

    @property
    def blocks(self) -> Path:
        """Attached block storage: {block_id: {"mount_id": …, "image": …}}."""
        return self.folder / "blocks.json"

    @property
    def ports(self) -> Path:
        """Private networks that the host is attached to."""
        return self.folder / "ports.json"

    @property
    def log(self) -> Path:
        return self.settings.logs / f"host-{self.id}.log"

    @property
    def tag(self) -> str:
        """Short name that is safe for interfaces, chains and cgroups."""
        return hashlib.sha256(self.id.encode()).hexdigest()[:8]

    @property
    def veth(self) -> str:
        """The machine's end of the host's cable (at most 15 characters)."""
        return f"m{self.settings.index}-{self.tag}"

    @property
    def cgroup(self) -> str:
        return f"mech{self.settings.index}-{self.tag}"
