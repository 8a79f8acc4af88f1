"""The whole stack's config: the sections together, the services resolved against the catalogue, the checks across."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import Field, field_validator, model_validator

from mech_infra import catalogue
from mech_infra.config.edge import EdgeConfig
from mech_infra.config.host import CertificateConfig, FirewallConfig, HostConfig, ProxyConfig
from mech_infra.config.incident import IncidentConfig
from mech_infra.config.types import Allowed, Domain, Section, wrong
from mech_infra.config.workloads import DatastoresConfig, ImagesConfig, RolloutConfig, ServiceConfig
from mech_infra.rollout import slots

RESERVED_PORTS = {22: "SSH", 80: "nginx", 443: "nginx", 6379: "Redis", 27017: "MongoDB"}


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
    environment: Mapping[str, str]

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
            "Not the domain of mech:edge.zoneId: Cloudflare refuses the records. A scheme or a slash in it is refused"
        ),
    )
    host: HostConfig = HostConfig()
    firewall: FirewallConfig = FirewallConfig()
    images: ImagesConfig = ImagesConfig()
    datastores: DatastoresConfig = DatastoresConfig()
    services: dict[str, ServiceConfig] = Field(default_factory=dict)
    rollout: RolloutConfig = RolloutConfig()
    proxy: ProxyConfig = ProxyConfig()
    certificate: CertificateConfig = CertificateConfig()
    edge: EdgeConfig = EdgeConfig()
    incident: IncidentConfig = IncidentConfig()
    allow: tuple[Allowed, ...] = Field(
        (),
        description="changes that lose data or interrupt and are meant, one by one, as the refusal of the plan names them",
        examples=[["replace data-block"]],
        json_schema_extra=wrong(
            "An entry that stays lets the same change through the next time: every run says that it is still there. Take it "
            "out after the `pulumi up` that needed it"
        ),
    )

    @field_validator("services")
    @classmethod
    def _services_exist(cls, services: dict[str, ServiceConfig]) -> dict[str, ServiceConfig]:
        for name in services:
            if name not in catalogue.SERVICES:
                raise ValueError(f"unknown service {name!r}; the catalogue has {', '.join(catalogue.SERVICES)}")
        return services

    @model_validator(mode="after")
    def _ports_do_not_collide(self) -> PlatformConfig:
        seen: dict[int, str] = {port: f"{user} on the host" for port, user in RESERVED_PORTS.items()}
        services = self.resolved_services()
        for service in services:
            for slot in slots.SLOTS:
                for replica, port in enumerate(service.upstreams(slot), start=1):
                    seen[port] = f"{service.container(replica)} on the loopback"
        for service in services:
            who = f"mech:services.{service.name}.port"
            if service.port in seen:
                taken = seen[service.port]
                raise ValueError(f"{who}: port {service.port} is taken by {taken}; give one of them another port")
            seen[service.port] = who
            if self.firewall.expose_service_ports and service.port not in catalogue.SERVICE_PORTS:
                raise ValueError(
                    f"mech:services.{service.name}.port {service.port} is outside 3001:3010, which the firewall opens; "
                    "use a port in that range, or set mech:firewall.exposeServicePorts to false"
                )
        return self

    @model_validator(mode="after")
    def _edge_can_reach_the_origin(self) -> PlatformConfig:
        if self.edge.ssl == "flexible" and self.proxy.redirect_to_https:
            raise ValueError(
                "mech:proxy.redirectToHttps with mech:edge.ssl flexible is a redirect loop: the edge comes by port 80 "
                "and is sent back for ever; set mech:edge.ssl to full or strict, or redirectToHttps to false"
            )
        if self.edge.ssl == "strict" and self.certificate.source == "self-signed":
            raise ValueError(
                "mech:edge.ssl strict refuses a self-signed certificate (526); "
                "set mech:certificate.source to origin-ca, or mech:edge.ssl to full"
            )
        return self

    @model_validator(mode="after")
    def _host_is_large_enough(self) -> PlatformConfig:
        wanted = Counter({"redis": self.datastores.redis.memory_mb, "mongodb": self.datastores.mongodb.memory_mb})
        for service in self.resolved_services():
            wanted[service.name] += service.memory_mb * service.replicas
        if wanted.total() > self.host.memory_mb:
            largest = ", ".join(f"{name} {size}" for name, size in wanted.most_common(3))
            raise ValueError(
                f"the containers may use {wanted.total()} MiB but mech:host.plan {self.host.plan} has "
                f"{self.host.memory_mb} MiB; take a larger plan or lower memoryMb (largest: {largest})"
            )
        return self

    def resolved_services(self) -> tuple[ResolvedService, ...]:
        """The eight services in the catalogue's order, each with this stack's changes."""
        return tuple(self._resolve(spec) for spec in catalogue.SERVICES.values())

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


def is_placeholder(value: str) -> bool:
    """Whether a secret is plainly not filled in yet."""
    return bool(re.fullmatch(r"(?i)\s*|changeme.*|replace[-_ ]?me.*|<.*>|your[-_ ].*|xxx+|todo.*|placeholder.*", value))
