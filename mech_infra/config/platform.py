"""The whole stack's config: the sections together, the services resolved against the catalogue, the checks across."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import Field, field_validator

from mech_infra import catalogue
from mech_infra.config.alerts import AlertsConfig
from mech_infra.config.backup import BackupConfig
from mech_infra.config.certificate import CertificateConfig
from mech_infra.config.edge import EdgeConfig
from mech_infra.config.fleet import FleetConfig, Member
from mech_infra.config.heal import HealConfig
from mech_infra.config.host import FirewallConfig, HostConfig
from mech_infra.config.images import ImagesConfig
from mech_infra.config.incident import IncidentConfig
from mech_infra.config.proxy import ProxyConfig
from mech_infra.config.rollout import RolloutConfig
from mech_infra.config.types import Allowed, Domain, Section, nearest, wrong
from mech_infra.config.workloads import DatastoresConfig, ServiceConfig
from mech_infra.rollout import slots


@dataclass(frozen=True)
class ResolvedService:
    """A catalogue service with what the stack's config changed of it."""

    spec: catalogue.Service
    image: str
    port: int
    memory_mb: int
    cpus: float
    replicas: int
    read_timeout_s: int
    environment: Mapping[str, str] = field(repr=False)  # what is plain; secrets are apart

    @property
    def name(self) -> str:
        return self.spec.name

    def container(self, replica: int = 1) -> str:
        """Name of a replica's container: mech-llms, mech-llms-2, …"""
        return self.spec.replica(replica)

    def upstreams(self, slot: str) -> tuple[int, ...]:
        """The replicas' TCP ports on the host's loopback in this slot. They stay when `port` changes."""
        return tuple(slots.port(self.spec.port, slot, replica) for replica in range(1, self.replicas + 1))


class PlatformConfig(Section):
    """Config of one stack; every default is the guide's."""

    domain: Domain = Field(
        "mech.is",
        description="the zone; services answer at https://NAME.DOMAIN",
        examples=["mech.example"],
        json_schema_extra=wrong(
            "Not the domain of mech:edge.zoneId: Cloudflare refuses the records. A scheme or a slash in it is refused, and a "
            "sub-domain, too, since a zone of Cloudflare's is a whole domain (but on its Enterprise plan: mech:edge.plan)",
            "staging.mech.is",
            "https://mech.is",
            "Mech.is",
            "mech.internal",
            "mech",
        ),
    )
    host: HostConfig = HostConfig()
    fleet: FleetConfig = FleetConfig()
    firewall: FirewallConfig = FirewallConfig()
    images: ImagesConfig = ImagesConfig()
    datastores: DatastoresConfig = DatastoresConfig()
    services: dict[str, ServiceConfig] = Field(default_factory=dict)
    rollout: RolloutConfig = RolloutConfig()
    proxy: ProxyConfig = ProxyConfig()
    certificate: CertificateConfig = CertificateConfig()
    edge: EdgeConfig = EdgeConfig()
    heal: HealConfig = HealConfig()
    incident: IncidentConfig = IncidentConfig()
    alerts: AlertsConfig = AlertsConfig()
    backup: BackupConfig = BackupConfig()
    allow: tuple[Allowed, ...] = Field(
        (),
        description="changes that lose data or interrupt and are meant, one by one, as the refusal of the plan names them",
        examples=[["replace data-block"]],
        json_schema_extra=wrong(
            "An entry that stays lets the same change through the next time: every run says that it is still there. Take it "
            "out after the `pulumi up` that needed it",
            ["data-block"],
            ["replace data-blok"],
            "replace data-block",
        ),
    )

    @field_validator("services")
    @classmethod
    def _services_exist(cls, services: dict[str, ServiceConfig]) -> dict[str, ServiceConfig]:
        for name in services:
            if name not in catalogue.SERVICES:
                raise ValueError(
                    f"unknown service {name!r}{nearest(name, catalogue.SERVICES)}; the catalogue has {', '.join(catalogue.SERVICES)}"
                )
        return services

    def resolved_services(self) -> tuple[ResolvedService, ...]:
        """The eight services in the catalogue's order, each with this stack's changes."""
        return tuple(self._resolve(spec) for spec in catalogue.SERVICES.values())

    def members(self) -> tuple[Member, ...]:
        """All hosts, the first one first."""
        return self.fleet.members(self.host.hostname, self.host.plan)

    def takers(self) -> tuple[Member, ...]:
        """Those that take tasks."""
        return tuple(member for member in self.members() if not member.drained)

    @property
    def is_fleet(self) -> bool:
        return len(self.members()) > 1

    def _resolve(self, spec: catalogue.Service) -> ResolvedService:
        change = self.services.get(spec.name, ServiceConfig())
        version = change.version or self.images.version
        return ResolvedService(
            spec=spec,
            image=change.image or f"{self.images.registry}/{spec.container_name}:{version}",
            port=change.port or spec.port,
            memory_mb=change.memory_mb or spec.memory_mb,
            cpus=change.cpus or spec.cpus,
            replicas=change.replicas,
            read_timeout_s=change.read_timeout_s or self.proxy.read_timeout_s,
            environment={**spec.environment, **change.environment},
        )


def service_url(domain: str, name: str) -> str:
    return f"https://{name}.{domain}"
