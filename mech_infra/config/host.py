"""Config of the host and of what runs on the host itself: UFW, nginx, the origin's certificate."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from mech_infra.config.types import Cidr, Section

_PLAN = re.compile(r"[a-z0-9-]+-(?P<cpus>\d+)c-(?P<gigabytes>\d+)gb(-[a-z0-9]+)*")


class HostConfig(Section):
    """The Vultr instance and how we reach it."""

    region: str = Field("ewr", description="Vultr region, three letters", pattern=r"^[a-z]{3}$")
    plan: str = Field("vc2-4c-8gb", description="Vultr plan; names CPUs and memory, as vc2-4c-8gb")
    os_id: int = Field(2136, description="Vultr operating system; 2136 is Debian 12 x64")
    hostname: str = Field("mech", pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")
    ssh_private_key: str = Field(
        "~/.ssh/vultr_mech_machines",
        description="path of the private key, its .pub beside it; ~ and $VARIABLES are expanded",
    )
    ssh_from: tuple[Cidr, ...] = Field(("0.0.0.0/0",), description="who may reach port 22", min_length=1)
    data_volume_gb: int = Field(
        40, ge=10, le=10_000, description="block storage under the databases, kept when the host goes"
    )
    boot_timeout_s: int = Field(600, ge=30, description="longest wait for SSH and the start-up script, seconds")
    protect: bool = Field(False, description="refuse to delete the instance and its address (use in production)")

    @field_validator("plan")
    @classmethod
    def _plan_names_its_size(cls, plan: str) -> str:
        if not _PLAN.fullmatch(plan):
            raise ValueError(f"{plan!r} is not a Vultr plan that names its size; use one as vc2-4c-8gb")
        return plan

    @property
    def cpus(self) -> int:
        """Cores of the plan, read off its name."""
        return int(self._size("cpus"))

    @property
    def memory_mb(self) -> int:
        """Memory of the plan in MiB, read off its name."""
        return int(self._size("gigabytes")) * 1024

    def _size(self, part: str) -> str:
        match = _PLAN.fullmatch(self.plan)
        assert match is not None, "validated above"
        return match[part]

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
        description="open 3001:3010/tcp to the world as the guide does; false is safer: all traffic then passes nginx",
    )
    only_declared: bool = Field(
        False,
        description="remove UFW rules that somebody else made; false names them at each preview and leaves them",
    )
    rollback_after_s: int = Field(
        90,
        ge=20,
        le=900,
        description="seconds until the host undoes a change that no new SSH session confirmed",
    )


class RateLimit(Section):
    requests_per_second: int = Field(50, ge=1, le=100_000, description="per client address")
    burst: int = Field(100, ge=0, le=100_000)


class ProxyConfig(Section):
    """nginx on the host."""

    max_body_mb: int = Field(100, ge=1, le=10_000, description="client_max_body_size in MB (guide: 100M)")
    read_timeout_s: int = Field(
        110,
        ge=1,
        le=3600,
        description="seconds; under the edge's 120 s, so that a slow upstream is a 504 with a log line",
    )
    rate_limit: RateLimit = RateLimit()
    redirect_to_https: bool = Field(
        False,
        description="redirect at the origin; a loop under SSL mode flexible, where the edge comes by port 80",
    )


class CertificateConfig(Section):
    """The origin's certificate in /etc/ssl/mech."""

    source: Literal["self-signed", "origin-ca"] = Field(
        "self-signed", description="self-signed as in the guide; origin-ca is what SSL mode strict needs"
    )
    valid_days: int = Field(365, ge=7, le=5475)
    renew_before_days: int = Field(30, ge=1, le=365, description="renew when fewer days than this are left")

    @model_validator(mode="after")
    def _renewal_comes_before_expiry(self) -> CertificateConfig:
        if self.renew_before_days >= self.valid_days:
            raise ValueError(
                f"renewBeforeDays {self.renew_before_days} is not less than validDays {self.valid_days}: "
                "the certificate would be renewed for ever; lower renewBeforeDays"
            )
        return self
