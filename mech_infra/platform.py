"""The platform: the components in the order in which they stand on each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pulumi

from mech_infra import catalogue, fleet, registry, state, upkeep
from mech_infra.commands import firewall as firewall_commands
from mech_infra.commands import swarm as swarm_commands
from mech_infra.components import draining
from mech_infra.components.certificates import Certificates, CertificatesArgs
from mech_infra.components.containers import Runtime
from mech_infra.components.datastores import Datastores, DatastoresArgs
from mech_infra.components.edge import Edge, EdgeArgs
from mech_infra.components.edge_ranges import EdgeRanges, EdgeRangesArgs
from mech_infra.components.firewall import Firewall, FirewallArgs
from mech_infra.components.host import Host, HostArgs
from mech_infra.components.images import Images, ImagesArgs
from mech_infra.components.network import Network, NetworkArgs
from mech_infra.components.proxy import Proxy, ProxyArgs
from mech_infra.components.services import Services, ServicesArgs
from mech_infra.components.tasks import Tasks
from mech_infra.components.volume import DataVolume, DataVolumeArgs
from mech_infra.config import (
    ConfigError,
    PlatformConfig,
    StackConfig,
    check_files,
    check_own_address,
    check_zone,
    load,
    service_url,
    stack_file,
)
from mech_infra.guard.judging import RESERVED_IP
from mech_infra.guard.program import Guard
from mech_infra.rollout.slots import SLOTS
from mech_infra.version import OUTPUT, version

PROJECT = Path(__file__).resolve().parents[1]


def stack_config(folder: Path = PROJECT) -> StackConfig:
    """This stack's validated config; its file is in `folder`. Raises pulumi.RunError, which the engine shows without a traceback."""
    from pulumi.runtime import config as runtime

    try:
        raw = runtime.CONFIG.get()
        secret = [key for key in raw if runtime.is_config_secret(key)]
        loaded = load(raw, secret, stack_file.plain(folder / f"Pulumi.{pulumi.get_stack()}.yaml", raw, secret))
        check_files(loaded.platform)
        check_zone(loaded.platform)
    except ConfigError as error:
        raise pulumi.RunError(str(error)) from None
    return loaded


def _turns_others_away(platform: PlatformConfig, before: state.State) -> None:
    """Raises pulumi.RunError where the host that the stack has is one of those that its edge blocks."""
    try:
        for found in before.values():
            if found["type"] == RESERVED_IP and isinstance(address := found["outputs"].get("subnet"), str):
                check_own_address(platform, address)
    except ConfigError as error:
        raise pulumi.RunError(str(error)) from None


def declare(config: StackConfig) -> None:
    """Declare everything and export the stack's outputs."""
    platform, secrets = config.platform, config.secrets
    before = state.read()
    _turns_others_away(platform, before)
    guard = Guard(platform.allow, platform.host.protect, before, platform.rollout.outage)
    guard.watch()
    guard.images(platform.datastores.images, lambda facts: upkeep.saved(platform.backup, facts))
    services = platform.resolved_services()
    exposed = platform.firewall.expose_service_ports
    ports = f"{catalogue.SERVICE_PORTS[0]}:{catalogue.SERVICE_PORTS[-1]}" if exposed else None

    edge = EdgeRanges("edge-ranges", EdgeRangesArgs(before)) if platform.firewall.web_from == "cloudflare" else None
    allowed = firewall_commands.rules(platform.host.ssh_from, ports, edge.ranges if edge else None)
    private = fleet.private_network(platform, before, guard)
    crossing = bool(before) and fleet.had(before) != platform.is_fleet
    host = Host("host", HostArgs(platform.host, allowed, private))
    firewall = Firewall("firewall", FirewallArgs(platform.firewall, allowed, ports, host, edge))
    volume = DataVolume("data", DataVolumeArgs(platform.host, host))
    login = registry.login(platform.images.registry, platform.images.registry_user, secrets)
    docker = host.access.docker_provider("docker", host, login)
    replicas = [service.container(n) for service in services for n in range(1, service.replicas + 1)]
    members = {**dict.fromkeys(replicas, ()), **catalogue.DATABASES}
    listeners = dict.fromkeys([80, 443, *(service.port for service in services)], "nginx")
    listeners |= {port: "" for service in services for slot in SLOTS for port in service.upstreams(slot)}
    between = swarm_commands.NETWORK if platform.is_fleet else None
    network = Network("network", NetworkArgs(members, listeners, host, docker, between, crossing))
    references = {service.name: service.image for service in services} | platform.datastores.images
    images = Images("images", ImagesArgs(references, host, docker, login))
    runtime = Runtime(docker, network.network.name, images.ids, [network.joined])
    # A container made by hand under Redis' name is gone before a running Redis is given its settings.
    kept = [volume.mounted, network.cleared]
    datastores = Datastores("datastores", DatastoresArgs(platform.datastores, secrets, host, runtime, kept))
    certificates = Certificates("certificates", CertificatesArgs(platform.certificate, platform.domain, host))
    installed, ready = certificates.installed, datastores.ready
    records: Mapping[str, pulumi.Output[str]] = {}
    running: Services | Tasks
    if private is not None and platform.is_fleet:
        first = fleet.First(host, firewall, certificates, network, images, datastores, docker, ready)
        whole = fleet.Fleet(platform, secrets, before, first, fleet.Outside(allowed, ports, edge), private)
        records, running, served, entrances = whole.records, whole.running, whole.ready, whole.entrances
    else:
        passing = ProxyArgs(platform.proxy, platform.domain, services, exposed, host, installed, edge)
        needs = ServicesArgs(services, secrets, platform.rollout, before, host, runtime, ready)
        if crossing:
            pulumi.log.info(draining.told("one host", "the tasks and the other hosts", platform.rollout.drain_s))
            # Out of a fleet: nginx passes to its tasks until these serve.
            running = Services("services", needs)
            proxy = Proxy("proxy", replace(passing, after=running.ready))
        else:
            # Before the services: it knows both slots, and they are let in one by one.
            proxy = Proxy("proxy", passing)
            running = Services("services", replace(needs, ready=[*ready, proxy.installed]))
        entrances = [proxy.installed, firewall.confirmed]
        served = [*running.ready, *entrances]
    datastores.settle([running])
    if platform.edge.enabled:
        Edge("edge", EdgeArgs(platform.edge, platform.domain, running.serving, host.address, entrances, records))

    upkeep.declare(config, host, served)

    guard.finish()
    pulumi.export("host_ip", host.address)
    pulumi.export("host_key", host.access.host_key)
    pulumi.export("service_urls", {service.name: service_url(platform.domain, service.name) for service in services})
    pulumi.export("containers", sorted(running.containers))
    pulumi.export(OUTPUT, version())
