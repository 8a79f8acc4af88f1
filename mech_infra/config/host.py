"""Config of the host and its firewall."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from mech_infra.config import networks
from mech_infra.config.plans import Plan, size
from mech_infra.config.types import Section, looks_like_key, wrong

# Of Vultr's list of systems (`GET /v2/os`) those that are none.
_NO_SYSTEMS = {159: "an ISO of your own", 164: "a snapshot", 180: "a backup", 186: "an application"}


class HostConfig(Section):
    """The Vultr instance and how we reach it."""

    region: str = Field(
        "ewr",
        description="Vultr's region, three letters",
        examples=["fra"],
        pattern=r"^[a-z]{3}$",
        json_schema_extra=wrong(
            "Another region makes block storage, address and instance anew: refused, since the databases would start empty "
            "(mech:allow). Not every region has block storage: `mech preflight` names those that do",
            "Frankfurt",
            "",
            form="three small letters",
        ),
    )
    plan: Plan = Field(
        "vc2-4c-8gb",
        description="Vultr's plan, by a name that says cores and memory",
        examples=["vc2-8c-32gb"],
        json_schema_extra=wrong(
            "Refused when the containers' memoryMb together leave less than 256 MiB of it to the system (kernel, Docker, nginx, "
            "sshd), or one has more cpus. A plan that is sold out fails at `pulumi up`: `mech preflight` names one that is free",
            "vc2-4c-4gb",
            "8gb",
            "vc2-0c-0gb",
        ),
    )
    os_id: int = Field(
        2136,
        description="Vultr's number of the operating system; 2136 is Debian 12 x64, which the program is tried on",
        examples=[2625],
        ge=1,
        le=1_000_000,
        json_schema_extra=wrong(
            "Another number makes the instance anew (its data volume and address stay), and is refused with protect. What is "
            "not Debian has other packages, and the start-up script fails: `mech preflight` looks",
            "debian12",
            0,
            159,
        ),
    )
    hostname: str = Field(
        "mech",
        description="the host's name, and the label of all that the stack has at Vultr",
        examples=["mech-prod"],
        pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
        json_schema_extra=wrong(
            "Another name makes the instance anew, and is refused with protect. Two stacks with one name in one account "
            "take each other's data volume for their own",
            "mech.is",
            "mech_prod",
            "",
            form="small letters, digits and `-`, 63 at most, without `-` at either end",
        ),
    )
    ssh_private_key: str = Field(
        "~/.ssh/vultr_mech_machines",
        description="path of the private key on this machine, its .pub beside it; ~ and $VARIABLES are expanded",
        examples=["$HOME/keys/mech"],
        json_schema_extra=wrong(
            "A key with a passphrase, that others may read, or whose .pub is another's is refused with the command that puts "
            "it right. The host keeps the key that it was made with: another one lets nobody in",
            "~/.ssh/vultr_mech_machines.pub",
            "/home/me/my keys/mech",
            "",
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample me@example",
        ),
    )
    ssh_from: tuple[networks.Source, ...] = Field(
        ("0.0.0.0/0",),
        description="who may reach port 22, by UFW and by Vultr's firewall",
        examples=[["203.0.113.0/24"]],
        min_length=1,
        json_schema_extra=wrong(
            "Without the address of the machine that runs Pulumi, no SSH session confirms the change: UFW undoes it "
            "(mech:firewall.rollbackAfterS), Vultr's firewall does not, and is opened at my.vultr.com. The host has an IPv4 address "
            "alone: networks of IPv6 only are refused",
            ["::/0"],
            [],
            ["127.0.0.0/8"],
            ["0.0.0.0/8"],
            ["10.0.0.1/8"],
            ["office"],
            "203.0.113.0/24",
            ["203.0.113.0/24", "203.0.113.0/24"],
        ),
    )
    data_volume_gb: int = Field(
        40,
        description="block storage under the databases, in GB; kept when the host goes, and by `pulumi destroy`",
        examples=[100],
        ge=10,
        le=10_000,
        json_schema_extra=wrong(
            "A smaller one than there is cuts the data: refused (mech:allow). Vultr sells this kind from 40 GB",
            9,
            100_000,
            "40GB",
        ),
    )
    boot_timeout_s: int = Field(
        600,
        description="longest wait for a new host's SSH and its start-up script, in seconds",
        examples=[900],
        ge=30,
        le=7200,
        json_schema_extra=wrong(
            "Too short, `pulumi up` fails while the host still installs its packages; run it again",
            5,
            "10m",
        ),
    )
    protect: bool = Field(
        False,
        description="refuse to delete the instance and its address; for production",
        examples=[True],
        json_schema_extra=wrong(
            "With false, `pulumi destroy` gives the address away; every record then has to change", "production"
        ),
    )

    @field_validator("os_id")
    @classmethod
    def _is_a_system(cls, os_id: int) -> int:
        if os_id in _NO_SYSTEMS:
            raise ValueError(
                f"{os_id} is Vultr's number for {_NO_SYSTEMS[os_id]}, not a system; use 2136, Debian 12 x64"
            )
        return os_id

    @field_validator("ssh_private_key")
    @classmethod
    def _names_a_file(cls, path: str) -> str:
        if looks_like_key(path):
            raise ValueError("it is a key, not where one is; write the path of its file, as ~/.ssh/vultr_mech_machines")
        if path.endswith(".pub"):
            raise ValueError(
                f"{path!r} is the public half; write the path of the private one, {path.removesuffix('.pub')}"
            )
        if path.endswith("/") or not path.strip():
            raise ValueError(
                f"{path!r} names no file; write the path of the private key, as ~/.ssh/vultr_mech_machines"
            )
        if odd := sorted(set(path) & set(" %\"'\\")):
            raise ValueError(
                f"{path!r} has {' '.join(map(repr, odd))} in it, which ssh's options do not take; rename the file"
            )
        return path

    @field_validator("ssh_from")
    @classmethod
    def _somebody_comes_in(cls, ssh_from: tuple[str, ...]) -> tuple[str, ...]:
        networks.sources(ssh_from)
        return ssh_from

    @property
    def memory_mb(self) -> int:
        """Memory of the plan in MiB, read off its name."""
        return size(self.plan).memory_mb

    @property
    def identity(self) -> str:
        """ssh_private_key as ssh's own IdentityFile takes it: ~ and ${VARIABLES}, expanded by ssh."""
        return re.sub(r"\$(\w+)", r"${\1}", self.ssh_private_key)

    @property
    def ssh_key_path(self) -> Path:
        return Path(os.path.expandvars(self.ssh_private_key)).expanduser()


class FirewallConfig(Section):
    """UFW on the host; Vultr's firewall group in front of it says the same."""

    expose_service_ports: bool = Field(
        True,
        description="open 3001:3010/tcp to the world as the guide does; false is safer: all traffic then passes the edge",
        examples=[False],
        json_schema_extra=wrong(
            "With true, who knows the address goes round Cloudflare's TLS and block list and nginx's rate limit, and a "
            "service's port has to be in that range",
            "3001:3010",
        ),
    )
    web_from: Literal["cloudflare", "everyone"] = Field(
        "everyone",
        description="who may reach 80 and 443: `everyone` (guide), or `cloudflare`, only the ranges that Cloudflare publishes, by "
        "UFW and by Vultr's firewall; a range that it adds or gives up is drift, and `pulumi up` follows",
        examples=["cloudflare"],
        json_schema_extra=wrong(
            "With `everyone`, who knows the address goes round Cloudflare's TLS and block list. With `cloudflare`, nobody "
            "else reaches nginx, not even you with curl; the first `pulumi up` needs Cloudflare's API, later ones go on with "
            "the ranges that they know; and exposeServicePorts true still lets everybody round Cloudflare",
            "edge",
        ),
    )
    only_declared: bool = Field(
        False,
        description="remove UFW rules that somebody else made; false names them at each preview and leaves them",
        examples=[True],
        json_schema_extra=wrong(
            "With true, a rule that somebody made by hand and still needs is gone after the next `pulumi up`", "all"
        ),
    )
    rollback_after_s: int = Field(
        90,
        description="seconds until the host undoes a change of UFW that no new SSH session confirmed",
        examples=[180],
        ge=20,
        le=900,
        json_schema_extra=wrong(
            "Too short on a slow line: a good change is undone, and `pulumi up` says so and fails", 5, 86_400
        ),
    )
