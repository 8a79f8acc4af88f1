"""What the services stand on, whether they run on one host or in a fleet: who may come in, the first host, and what is on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ediri_vultr as vultr
import pulumi

from mech_infra import catalogue, registry
from mech_infra.commands import firewall as firewall_commands
from mech_infra.commands import swarm as swarm_commands
from mech_infra.commands.firewall import Allow
from mech_infra.components.certificates import Certificates, CertificatesArgs
from mech_infra.components.containers import Runtime
from mech_infra.components.datastores import Datastores, DatastoresArgs
from mech_infra.components.edge_ranges import EdgeRanges, EdgeRangesArgs
from mech_infra.components.firewall import Firewall, FirewallArgs
from mech_infra.components.host import Host, HostArgs
from mech_infra.components.images import Images, ImagesArgs
from mech_infra.components.network import Network, NetworkArgs
from mech_infra.components.volume import DataVolume, DataVolumeArgs
from mech_infra.config import PlatformConfig
from mech_infra.rollout.slots import SLOTS
from mech_infra.state import State


@dataclass(frozen=True)
class Outside:
    """What is the same on every host: who may come in, where, and the edge as the firewall knows it."""

    allowed: Sequence[Allow]
    ports: str | None
    edge: EdgeRanges | None


@dataclass(frozen=True)
class First:
    """The first host, and what stands on it whether it is alone or not."""

    host: Host
    firewall: Firewall
    certificates: Certificates
    network: Network
    images: Images
    datastores: Datastores
    runtime: Runtime
    volume: DataVolume

    @property
    def ready(self) -> Sequence[pulumi.Resource]:
        """What services need."""
        return self.datastores.ready


def outside(platform: PlatformConfig, before: State) -> Outside:
    """Who may come in. Declares the list of the edge's addresses where only that may."""
    exposed = platform.firewall.expose_service_ports
    ports = f"{catalogue.SERVICE_PORTS[0]}:{catalogue.SERVICE_PORTS[-1]}" if exposed else None
    edge = EdgeRanges("edge-ranges", EdgeRangesArgs(before)) if platform.firewall.web_from == "cloudflare" else None
    return Outside(firewall_commands.rules(platform.host.ssh_from, ports, edge.ranges if edge else None), ports, edge)


def first(
    platform: PlatformConfig, secrets: Mapping[str, str], outside: Outside, private: vultr.Vpc | None, crossing: bool
) -> First:
    """Declare it. `crossing`: from one host to a fleet, or back."""
    host = Host("host", HostArgs(platform.host, outside.allowed, private))
    firewall = Firewall("firewall", FirewallArgs(platform.firewall, outside.allowed, outside.ports, host, outside.edge))
    volume = DataVolume("data", DataVolumeArgs(platform.host, host))
    login = registry.login(platform.images.registry, platform.images.registry_user, secrets)
    docker = host.access.docker_provider("docker", host, login)
    between = swarm_commands.NETWORK if platform.is_fleet else None
    members, listeners = _members(platform), _listeners(platform)
    network = Network("network", NetworkArgs(members, listeners, host, docker, between, crossing))
    services = platform.resolved_services()
    references = {service.name: service.image for service in services} | platform.datastores.images
    images = Images("images", ImagesArgs(references, host, docker, login))
    runtime = Runtime(docker, network.network.name, images.ids, [network.joined])
    # A container made by hand under Redis' name is gone before a running Redis is given its settings.
    kept = [volume.mounted, network.cleared]
    datastores = Datastores("datastores", DatastoresArgs(platform.datastores, secrets, host, runtime, kept))
    certificates = Certificates("certificates", CertificatesArgs(platform.certificate, platform.domain, host))
    return First(host, firewall, certificates, network, images, datastores, runtime, volume)


def _members(platform: PlatformConfig) -> dict[str, Sequence[str]]:
    """Containers that are on the network by their names, each with its other names there."""
    services = platform.resolved_services()
    replicas = [service.container(n) for service in services for n in range(1, service.replicas + 1)]
    return {**dict.fromkeys(replicas, ()), **catalogue.DATABASES}


def _listeners(platform: PlatformConfig) -> dict[int, str]:
    """Ports of the host that are ours, each with the process that may listen there."""
    services = platform.resolved_services()
    listeners = dict.fromkeys([80, 443, *(service.port for service in services)], "nginx")
    return listeners | {port: "" for service in services for slot in SLOTS for port in service.upstreams(slot)}
