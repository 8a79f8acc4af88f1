"""The platform: the components in the order in which they stand on each other."""

from __future__ import annotations

import pulumi

from mech_infra import catalogue, registry, state
from mech_infra.commands import firewall as firewall_commands
from mech_infra.components.certificates import Certificates
from mech_infra.components.containers import Runtime
from mech_infra.components.datastores import ALIASES, Datastores
from mech_infra.components.edge import Edge
from mech_infra.components.firewall import Firewall
from mech_infra.components.host import Host
from mech_infra.components.images import Images
from mech_infra.components.network import Network
from mech_infra.components.proxy import Proxy
from mech_infra.components.services import Services
from mech_infra.components.volume import DataVolume
from mech_infra.config import ConfigError, StackConfig, check_files, load, service_url
from mech_infra.guard.program import Guard
from mech_infra.rollout.slots import SLOTS


def stack_config() -> StackConfig:
    """This stack's validated config. Raises pulumi.RunError, which the engine shows without a traceback."""
    from pulumi.runtime import config as runtime

    try:
        raw = runtime.CONFIG.get()
        loaded = load(raw, [key for key in raw if runtime.is_config_secret(key)])
        check_files(loaded.platform)
    except ConfigError as error:
        raise pulumi.RunError(str(error)) from None
    return loaded


def declare(config: StackConfig) -> None:
    """Declare everything and export the stack's outputs."""
    platform, secrets = config.platform, config.secrets
    before = state.read()
    guard = Guard(platform.allow, platform.host.protect, before, platform.rollout.outage)
    guard.watch()
    guard.images(platform.datastores.images)
    services = platform.resolved_services()
    exposed = platform.firewall.expose_service_ports
    ports = f"{catalogue.SERVICE_PORTS[0]}:{catalogue.SERVICE_PORTS[-1]}" if exposed else None
    allowed = firewall_commands.rules(platform.host.ssh_from, ports)

    host = Host("host", platform.host, allowed)
    firewall = Firewall("firewall", platform.firewall, host, allowed, ports)
    volume = DataVolume("data", platform.host, host)
    login = registry.login(platform.images.registry, platform.images.registry_user, secrets)
    docker = host.access.docker_provider("docker", host, login)
    replicas = [service.container(n) for service in services for n in range(1, service.replicas + 1)]
    members = {**dict.fromkeys(replicas, ()), **ALIASES}
    listeners = dict.fromkeys([80, 443, *(service.port for service in services)], "nginx")
    listeners |= {port: "" for service in services for slot in SLOTS for port in service.upstreams(slot)}
    network = Network("network", host, docker, members, listeners)
    references = {service.name: service.image for service in services} | platform.datastores.images
    images = Images("images", references, host, docker, login)
    runtime = Runtime(docker, network.network.name, images.ids, [network.joined])
    # A container made by hand under Redis' name is gone before a running Redis is given its settings.
    ready = [volume.mounted, network.cleared]
    datastores = Datastores("datastores", platform.datastores, secrets, host, runtime, ready)
    certificates = Certificates("certificates", platform.certificate, platform.domain, host)
    # Before the services: it knows both slots, and they are let in one by one.
    proxy = Proxy("proxy", platform.proxy, platform.domain, services, exposed, host, certificates.installed)
    running = Services(
        "services", services, secrets, platform.rollout, before, host, runtime,
        [*datastores.ready, proxy.installed],
    )  # fmt: skip
    datastores.settle([running])
    Edge(
        "edge", platform.edge, platform.domain, [service.name for service in services], host.address,
        [*running.ready, firewall.confirmed],
    )  # fmt: skip

    guard.finish()
    pulumi.export("host_ip", host.address)
    pulumi.export("host_key", host.access.host_key)
    pulumi.export("service_urls", {service.name: service_url(platform.domain, service.name) for service in services})
    pulumi.export("containers", sorted(running.containers))
