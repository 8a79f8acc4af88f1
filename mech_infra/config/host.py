"""Config of the host and of what runs on the host itself: UFW, nginx, the origin's certificate."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from mech_infra.config.types import Cidr, Section, wrong

_PLAN = re.compile(r"[a-z0-9-]+-(?P<cpus>\d+)c-(?P<gigabytes>\d+)gb(-[a-z0-9]+)*")


class HostConfig(Section):
    """The Vultr instance and how we reach it."""

    region: str = Field(
        "ewr",
        description="Vultr's region, three letters",
        examples=["fra"],
        pattern=r"^[a-z]{3}$",
        json_schema_extra=wrong(
            "Another region makes block storage, address and instance anew: refused, since the databases would start empty "
            "(mech:allow). Not every region has block storage: `mech preflight` names those that do"
        ),
    )
    plan: str = Field(
        "vc2-4c-8gb",
        description="Vultr's plan, by a name that says cores and memory",
        examples=["vc2-8c-32gb"],
        json_schema_extra=wrong(
            "Refused when the containers' memoryMb together are more than it has. A plan that is sold out fails at "
            "`pulumi up`: `mech preflight` names one that is free"
        ),
    )
    os_id: int = Field(
        2136,
        description="Vultr's number of the operating system; 2136 is Debian 12 x64, which the program is tried on",
        examples=[2625],
        json_schema_extra=wrong(
            "Another number makes the instance anew (its data volume and address stay), and is refused with protect. What is "
            "not Debian has other packages, and the start-up script fails: `mech preflight` looks"
        ),
    )
    hostname: str = Field(
        "mech",
        description="the host's name, and the label of all that the stack has at Vultr",
        examples=["mech-prod"],
        pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
        json_schema_extra=wrong(
            "Another name makes the instance anew, and is refused with protect. Two stacks with one name in one account "
            "take each other's data volume for their own"
        ),
    )
    ssh_private_key: str = Field(
        "~/.ssh/vultr_mech_machines",
        description="path of the private key on this machine, its .pub beside it; ~ and $VARIABLES are expanded",
        examples=["$HOME/keys/mech"],
        json_schema_extra=wrong(
            "A key with a passphrase, that others may read, or whose .pub is another's is refused with the command that puts "
            "it right. The host keeps the key that it was made with: another one lets nobody in"
        ),
    )
    ssh_from: tuple[Cidr, ...] = Field(
        ("0.0.0.0/0",),
        description="who may reach port 22, by UFW and by Vultr's firewall",
        examples=[["203.0.113.0/24"]],
        min_length=1,
        json_schema_extra=wrong(
            "Without the address of the machine that runs Pulumi, no SSH session confirms the change: UFW undoes it "
            "(mech:firewall.rollbackAfterS), Vultr's firewall does not, and is opened at my.vultr.com"
        ),
    )
    data_volume_gb: int = Field(
        40,
        description="block storage under the databases, in GB; kept when the host goes, and by `pulumi destroy`",
        examples=[100],
        ge=10,
        le=10_000,
        json_schema_extra=wrong(
            "A smaller one than there is cuts the data: refused (mech:allow). Vultr sells this kind from 40 GB"
        ),
    )
    boot_timeout_s: int = Field(
        600,
        description="longest wait for a new host's SSH and its start-up script, in seconds",
        examples=[900],
        ge=30,
        json_schema_extra=wrong(
            "Too short, `pulumi up` fails while the host still installs its packages; run it again"
        ),
    )
    protect: bool = Field(
        False,
        description="refuse to delete the instance and its address; for production",
        examples=[True],
        json_schema_extra=wrong("With false, `pulumi destroy` gives the address away; every record then has to change"),
    )

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
        description="open 3001:3010/tcp to the world as the guide does; false is safer: all traffic then passes the edge",
        examples=[False],
        json_schema_extra=wrong(
            "With true, who knows the address goes round Cloudflare's TLS and block list and nginx's rate limit, and a "
            "service's port has to be in that range"
        ),
    )
    only_declared: bool = Field(
        False,
        description="remove UFW rules that somebody else made; false names them at each preview and leaves them",
        examples=[True],
        json_schema_extra=wrong(
            "With true, a rule that somebody made by hand and still needs is gone after the next `pulumi up`"
        ),
    )
    rollback_after_s: int = Field(
        90,
        description="seconds until the host undoes a change of UFW that no new SSH session confirmed",
        examples=[180],
        ge=20,
        le=900,
        json_schema_extra=wrong("Too short on a slow line: a good change is undone, and `pulumi up` says so and fails"),
    )


class RateLimit(Section):
    """How many requests nginx takes from one client's address."""

    requests_per_second: int = Field(
        50,
        description="requests a second of one client's address",
        examples=[200],
        ge=1,
        le=100_000,
        json_schema_extra=wrong("Too low: 429 for one office behind one address. Too high: one client slows all"),
    )
    burst: int = Field(
        100,
        description="how many requests over that pass at once before the others get a 429",
        examples=[400],
        ge=0,
        le=100_000,
        json_schema_extra=wrong("With 0, a page that asks for several things at once gets a 429"),
    )


class ProxyConfig(Section):
    """nginx on the host."""

    max_body_mb: int = Field(
        100,
        description="the largest request body, in MB (client_max_body_size; guide: 100M)",
        examples=[500],
        ge=1,
        le=10_000,
        json_schema_extra=wrong(
            "Over it: 413. Under 100 the policy proxy-body-size refuses, since storage takes files of 100 MB. Cloudflare has "
            "a limit of its own (100 MB on its free plan)"
        ),
    )
    read_timeout_s: int = Field(
        110,
        description="seconds that nginx waits for an answer's next bytes; under the edge's 120, so that a slow upstream is a "
        "504 with a log line",
        examples=[60],
        ge=1,
        le=3600,
        json_schema_extra=wrong("Over 120 the edge gives up first: 524, and nothing in nginx's log says why"),
    )
    rate_limit: RateLimit = RateLimit()
    redirect_to_https: bool = Field(
        False,
        description="plain HTTP is sent to https:// by nginx, too (mech:edge.alwaysUseHttps does so at the edge)",
        examples=[True],
        json_schema_extra=wrong(
            "A redirect loop under mech:edge.ssl flexible, where the edge comes by port 80: refused"
        ),
    )


class CertificateConfig(Section):
    """The origin's certificate in /etc/ssl/mech."""

    source: Literal["self-signed", "origin-ca"] = Field(
        "self-signed",
        description="`self-signed` as in the guide; `origin-ca`, from Cloudflare, is what mech:edge.ssl `strict` needs",
        examples=["origin-ca"],
        json_schema_extra=wrong(
            "`self-signed` under `strict` is a 526 on every service: refused. `origin-ca` needs a token that may edit SSL and "
            "Certificates"
        ),
    )
    valid_days: int = Field(
        365,
        description="days that a new certificate is good for; origin-ca: rounded up to what Cloudflare issues (7, 30, 90, "
        "365, 730, 1095, 5475)",
        examples=[5475],
        ge=7,
        le=5475,
        json_schema_extra=wrong("With 30 or less the policy certificate-short refuses"),
    )
    renew_before_days: int = Field(
        30,
        description="renew when fewer days than this are left",
        examples=[60],
        ge=1,
        le=365,
        json_schema_extra=wrong("Not less than validDays: it would be renewed for ever, and is refused"),
    )

    @model_validator(mode="after")
    def _renewal_comes_before_expiry(self) -> CertificateConfig:
        if self.renew_before_days >= self.valid_days:
            raise ValueError(
                f"renewBeforeDays {self.renew_before_days} is not less than validDays {self.valid_days}: "
                "the certificate would be renewed for ever; lower renewBeforeDays"
            )
        return self
