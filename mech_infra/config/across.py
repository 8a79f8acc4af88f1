"""What only several keys together make wrong: a sentence each, with the keys, what would happen and the fix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mech_infra import catalogue, registry
from mech_infra.config import alerts, backup, environment, images, room
from mech_infra.config.edge import BODY_MB, READ_TIMEOUT_S
from mech_infra.config.platform import PlatformConfig
from mech_infra.config.types import NAMESPACE
from mech_infra.guard import versions
from mech_infra.rollout import slots

_RESERVED_PORTS = {22: "SSH", 80: "nginx", 443: "nginx", 6379: "Redis", 27017: "MongoDB"}


def mistakes(platform: PlatformConfig, secrets: Mapping[str, str], places: Mapping[str, str]) -> list[str]:
    """All of them. `secrets` are the stack's, without which a password or a token cannot be judged; `places` where they stand."""
    return [
        *_images(platform), *_ports(platform), *_origin(platform), *_zone(platform), *_limits_of_the_edge(platform), *_alone(platform), *room.mistakes(platform),
        *_versions_beside_images(platform), *_environments(platform, secrets, places), *_passwords(platform, secrets),
        *registry.mistakes(platform.images.registry_user, secrets),
        *alerts.mistakes(platform.alerts, secrets.get(alerts.DESTINATIONS)),
        *backup.mistakes(platform.backup, platform.edge.account_id, secrets),
    ]  # fmt: skip


def _alone(platform: PlatformConfig) -> Iterator[str]:
    """What only one host can do."""
    if platform.is_fleet and platform.alerts.on_host:
        yield (
            f"{NAMESPACE}:alerts.onHost: the host looks at itself alone, and with {NAMESPACE}:fleet the services are on several; write false, "
            "and run mech alert elsewhere"
        )


def _images(platform: PlatformConfig) -> Iterator[str]:
    named: dict[str, str | None] = {
        "images.registry": images.registry(platform.images.registry), "images.version": images.tag(platform.images.version),
        **{f"datastores.{name}.image": images.image(image) for name, image in platform.datastores.images.items()},
    }  # fmt: skip
    for name, service in platform.services.items():
        place = f"services.{name}"
        named[f"{place}.image"] = (
            None if service.image is None else images.image(service.image) or _anothers(name, service.image)
        )
        named[f"{place}.version"] = None if service.version is None else images.tag(service.version)
    yield from (f"{NAMESPACE}:{key}: {mistake}" for key, mistake in named.items() if mistake)


def _anothers(name: str, image: str) -> str | None:
    """Every service answers /health: another one in its place would be taken for well."""
    runs = image.partition("@")[0].rpartition("/")[2].partition(":")[0]
    whose = catalogue.of_container(runs)
    if whose in (name, runs):
        return None
    right = catalogue.SERVICES[name].container_name
    return (
        f"{image!r} is the image of {whose}, which would answer in {name}'s place; write {image.replace(runs, right)}"
    )


def _ports(platform: PlatformConfig) -> Iterator[str]:
    seen: dict[int, str] = {port: f"{user} on the host" for port, user in _RESERVED_PORTS.items()}
    services = platform.resolved_services()
    for service in services:
        for slot in slots.SLOTS:
            for replica, port in enumerate(service.upstreams(slot), start=1):
                seen[port] = f"{service.container(replica)} on the loopback"
        if platform.is_fleet:
            seen[slots.task_port(service.spec.port)] = f"the tasks of {service.name}"
    for service in services:
        who = f"{NAMESPACE}:services.{service.name}.port"
        if service.port in seen:
            yield f"{who}: port {service.port} is taken by {seen[service.port]}; give one of them another port"
        elif service.port < 1024:
            yield f"{who}: port {service.port} is one of the system's (below 1024), which a service may not open; use one above"
        elif platform.firewall.expose_service_ports and service.port not in catalogue.SERVICE_PORTS:
            yield (
                f"{who} {service.port} is outside 3001:3010, which the firewall opens; "
                f"use a port in that range, or set {NAMESPACE}:firewall.exposeServicePorts to false"
            )
        seen[service.port] = who


def _origin(platform: PlatformConfig) -> Iterator[str]:
    if platform.edge.ssl == "flexible" and platform.proxy.redirect_to_https:
        yield (
            "mech:proxy.redirectToHttps with mech:edge.ssl flexible is a redirect loop: the edge comes by port 80 "
            "and is sent back for ever; set mech:edge.ssl to full or strict, or redirectToHttps to false"
        )
    if platform.edge.ssl == "strict" and platform.certificate.source == "self-signed":
        yield (
            "mech:edge.ssl strict refuses a self-signed certificate (526); "
            "set mech:certificate.source to origin-ca, or mech:edge.ssl to full"
        )


def _zone(platform: PlatformConfig) -> Iterator[str]:
    domain, edge = platform.domain, platform.edge
    if edge.zone_id is not None and edge.zone_id == edge.account_id:
        yield (
            "mech:edge.accountId: it is the same as mech:edge.zoneId, and one of them is wrong; the zone's overview page has both, "
            "and with zoneId accountId is not needed"
        )
    if domain.count(".") < 2 or edge.plan == "enterprise":
        return
    from publicsuffixlist import PublicSuffixList  # 0.1 s, which only a name of three parts and more is worth

    registered = PublicSuffixList().privatesuffix(domain)
    if registered is None:
        yield f"mech:domain: {domain!r} is what a registry sells names under, and nobody's zone; write a domain of yours below it"
    elif registered != domain:
        yield (
            f"mech:domain: {domain!r} is a sub-domain of {registered}, and Cloudflare makes zones of whole domains only; write "
            f"{registered}, or, where {domain} is a zone of its own (Cloudflare's Enterprise plan), say so: mech:edge.plan enterprise"
        )


def _limits_of_the_edge(platform: PlatformConfig) -> Iterator[str]:
    edge, plan = platform.edge, platform.edge.plan
    if edge.read_timeout_s != READ_TIMEOUT_S and plan != "enterprise":
        yield (
            f"mech:edge.readTimeoutS: on the plan {plan} Cloudflare waits {READ_TIMEOUT_S} s and no other number; take it out, "
            "or, where yours is Enterprise, set mech:edge.plan to enterprise"
        )
        return
    waits = {"mech:proxy.readTimeoutS": platform.proxy.read_timeout_s} | {
        f"mech:services.{name}.readTimeoutS": service.read_timeout_s
        for name, service in platform.services.items()
        if service.read_timeout_s
    }
    for key, seconds in waits.items():
        if seconds > edge.read_timeout_s:
            yield (
                f"{key}: {seconds} is longer than the {edge.read_timeout_s} s after which Cloudflare gives up: visitors get its "
                f"524, and nginx logs nothing; write {max(1, edge.read_timeout_s - 10)} or less, or, where Cloudflare waits longer for your "
                "zone (Enterprise, its setting proxy_read_timeout), say so: mech:edge.readTimeoutS"
            )
    most = edge.max_upload_mb or BODY_MB[plan]
    if most > BODY_MB[plan] and plan != "enterprise":
        yield (
            f"mech:edge.maxUploadMb: on the plan {plan} Cloudflare takes {BODY_MB[plan]} MB and no more; take it out, or set "
            "mech:edge.plan to what yours is"
        )
    elif platform.proxy.max_body_mb > most:
        raised = "where Cloudflare raised it for you, say so: mech:edge.maxUploadMb"
        others = (
            f"set mech:edge.plan to what yours is ({', '.join(f'{name} {size}' for name, size in BODY_MB.items())})"
        )
        yield (
            f"mech:proxy.maxBodyMb: {platform.proxy.max_body_mb} is more than the {most} MB that Cloudflare takes on the plan "
            f"{plan}: it answers 413 before nginx is asked; write {most} or less, or {raised if plan == 'enterprise' else others}"
        )


def _versions_beside_images(platform: PlatformConfig) -> Iterator[str]:
    for name, service in platform.services.items():
        if service.version and service.image and not service.image.partition("@")[0].endswith(f":{service.version}"):
            yield (
                f"mech:services.{name}.version: {service.version!r} means nothing beside mech:services.{name}.image, which is "
                f"{service.image}; take one of them out"
            )


def _environments(platform: PlatformConfig, secrets: Mapping[str, str], places: Mapping[str, str]) -> Iterator[str]:
    for service in platform.resolved_services():
        yield from environment.mistakes(service.spec, service.port, service.environment, secrets, places)


def _passwords(platform: PlatformConfig, secrets: Mapping[str, str]) -> Iterator[str]:
    known = versions.of(image := platform.datastores.redis.image, "redis")
    if "REDIS_PASSWORD" in secrets and known and (known[0] < 6 or known[:2] == (6, 0)):
        yield (
            f"{NAMESPACE}:REDIS_PASSWORD needs Redis 6.2 or newer, which knows users, and "
            f"{NAMESPACE}:datastores.redis.image is {image}; take a newer one, or: pulumi config rm {NAMESPACE}:REDIS_PASSWORD"
        )
