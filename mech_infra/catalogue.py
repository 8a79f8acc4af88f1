"""What Mech runs, as data: the eight services of the guide, what each listens on, needs and may use.

Source of names, ports and limits: the troubleshooting guide. It fixes llm at 3008 and calls its container
`mech-llms`; it lists the other seven ports without saying whose they are, so that assignment is ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

Datastore = Literal["redis", "mongodb"]

# The guide's firewall opens this range to the world for the services (Issue 1, "Prevention").
SERVICE_PORTS = range(3001, 3011)

SERVICES_ROOT = "/opt/mech-services"
NETWORK_NAME = "mech-network"
# By container, the names that it answers to beside its own; the guide's check lists MongoDB's as "mongo".
DATABASES: Mapping[str, tuple[str, ...]] = MappingProxyType({"redis": (), "mongodb": ("mongo",)})
# Source: https://www.cloudflare.com/ips, the same since 2021: from these the edge itself comes.
EDGE_NETWORKS = (
    "103.21.244.0/22", "103.22.200.0/22", "103.31.4.0/22", "104.16.0.0/13", "104.24.0.0/14", "108.162.192.0/18",
    "131.0.72.0/22", "141.101.64.0/18", "162.158.0.0/15", "172.64.0.0/13", "173.245.48.0/20", "188.114.96.0/20",
    "190.93.240.0/20", "197.234.240.0/22", "198.41.128.0/17", "2400:cb00::/32", "2405:8100::/32", "2405:b500::/32",
    "2606:4700::/32", "2803:f800::/32", "2a06:98c0::/29", "2c0f:f248::/32",
)  # fmt: skip
# The guide's auto-heal.sh names them as the critical ones.
CRITICAL = ("queue", "llm", "storage")


@dataclass(frozen=True)
class Secret:
    """A key that a vendor gives out; `pattern` is what a plainly wrong one fails (not a proof that it works)."""

    name: str  # both the environment variable and the Pulumi config key
    pattern: str
    looks_like: str
    opens: str
    wrong: str  # what a person sees when the vendor refuses it


SECRETS = MappingProxyType(
    {
        secret.name: secret
        for secret in (
            Secret(
                "OPENAI_API_KEY",
                pattern=r"sk-[A-Za-z0-9_-]{20,}",
                looks_like="sk-…",
                opens="OpenAI's API",
                wrong="`Error: Invalid API key provided` from llm",
            ),
            Secret(
                "ANTHROPIC_API_KEY",
                pattern=r"sk-ant-[A-Za-z0-9_-]{20,}",
                looks_like="sk-ant-…",
                opens="Anthropic's API",
                wrong="`Error: Invalid API key provided` from llm",
            ),
            Secret(
                "GITHUB_TOKEN",
                pattern=r"(gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{22,})",
                looks_like="ghp_… or github_pat_…",
                opens="GitHub, for the repositories that are indexed",
                wrong="`Error: Bad credentials` from indexer; without the right to read a repository, that one is not found",
            ),
            Secret(
                "R2_ACCESS_KEY",
                pattern=r"[0-9a-f]{32}",
                looks_like="32 hex digits",
                opens="Cloudflare's R2, together with R2_SECRET_KEY",
                wrong="`Error: Access Denied` from storage",
            ),
            Secret(
                "R2_SECRET_KEY",
                pattern=r"[0-9a-f]{64}",
                looks_like="64 hex digits",
                opens="Cloudflare's R2, together with R2_ACCESS_KEY",
                wrong="`Error: Access Denied` from storage",
            ),
        )
    }
)


@dataclass(frozen=True)
class Service:
    """One service as the catalogue knows it; ports are TCP, memory is MiB, cpus are cores."""

    name: str  # the host name under the domain: https://NAME.mech.is
    port: int
    memory_mb: int
    cpus: float
    container: str = ""  # empty: mech-NAME
    datastores: tuple[Datastore, ...] = ()
    secrets: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()  # other services it talks to, by nginx on the host
    streams: bool = False  # its answers go out as they come
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def container_name(self) -> str:
        return self.container or f"mech-{self.name}"

    def replica(self, number: int) -> str:
        """Name of a replica's container, from 1 on: mech-llms, mech-llms-2, …"""
        return self.container_name + (f"-{number}" if number > 1 else "")

    @property
    def directory(self) -> str:
        """Where its .env and logs are on the host."""
        return f"{SERVICES_ROOT}/{self.container_name}"


SERVICES = MappingProxyType(
    {
        service.name: service
        for service in (
            Service("queue", 3001, 512, 0.5, datastores=("redis", "mongodb")),
            Service(
                "llm",
                3008,
                1024,
                1.0,
                container="mech-llms",
                datastores=("mongodb",),
                secrets=("OPENAI_API_KEY", "ANTHROPIC_API_KEY"),
                streams=True,
            ),
            Service("storage", 3002, 512, 0.5, datastores=("mongodb",), secrets=("R2_ACCESS_KEY", "R2_SECRET_KEY")),
            # 2 GiB: the guide's own cure for an indexer that runs out of memory.
            Service("indexer", 3004, 2048, 1.0, datastores=("mongodb",), secrets=("GITHUB_TOKEN",)),
            Service("sequences", 3005, 512, 0.5, datastores=("redis",), calls=("queue",)),
            Service("search", 3007, 512, 0.5, datastores=("mongodb",)),
            Service("reader", 3009, 512, 0.5, calls=("storage",)),
            Service("memories", 3010, 512, 0.5, datastores=("mongodb",)),
        )
    }
)


def of_container(name: str) -> str:
    """The service whose container, image or service of a swarm is called so; the name itself where none is."""
    return next((service.name for service in SERVICES.values() if service.container_name == name), name)
