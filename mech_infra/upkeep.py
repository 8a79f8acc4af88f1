"""What looks after a platform that serves: the healer, backups, and the host's alerts; each only where the config says so."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from mech_infra import catalogue
from mech_infra.components.alerts import Alerts, AlertsArgs
from mech_infra.components.backups import Backups, BackupsArgs
from mech_infra.components.healing import Healing, HealingArgs
from mech_infra.components.host import Host
from mech_infra.config import PlatformConfig, StackConfig, service_url
from mech_infra.config.alerts import DESTINATIONS
from mech_infra.config.backup import BackupConfig
from mech_infra.facts.host import backups
from mech_infra.guard.judging import Backup


def declare(config: StackConfig, host: Host, served: Sequence[pulumi.Resource]) -> None:
    """Declare it on the first host; before all of `served` is there, nothing is ill, and there is nothing to save."""
    platform, secrets = config.platform, config.secrets
    if platform.heal.enabled:
        encrypted = platform.edge.ssl in ("full", "strict")
        healed, names = _healed(platform), _names(platform)
        Healing("heal", HealingArgs(platform.heal, healed, names, encrypted, host, served))
    if platform.backup.enabled:
        account, stores = platform.edge.account_id, platform.datastores
        told = BackupsArgs(platform.backup, stores, platform.host.hostname, account, secrets, host, served)
        Backups("backups", told)
    if platform.alerts.on_host:
        bundle = _seen_on_host(platform)
        hidden = sorted({key.rpartition(".")[2] for key in secrets})
        Alerts("alerts", AlertsArgs(platform.alerts, secrets[DESTINATIONS], bundle, hidden, host, served))


def _healed(platform: PlatformConfig) -> dict[str, str]:
    """Containers by name, each with its service, empty for a database."""
    # What a swarm runs it heals itself.
    alone = [] if platform.is_fleet else platform.resolved_services()
    mine = {s.container(n): s.name for s in alone for n in range(1, s.replicas + 1)}
    return mine | dict.fromkeys(catalogue.DATABASES, "")


def _names(platform: PlatformConfig) -> dict[str, str]:
    """By service the name that visitors ask for."""
    return {service.name: f"{service.name}.{platform.domain}" for service in platform.resolved_services()}


def saved(config: BackupConfig, facts: Mapping[str, Any]) -> Backup | None:
    """How old the newest good snapshot is, by the host's facts; None where no backup is declared."""
    if not config.enabled:
        return None
    about = facts.get("backups")
    if not about:
        return Backup(None, config.rpo_hours)
    return Backup(backups.age_h(about, "good") if about["good"] else math.inf, config.rpo_hours)


def _seen_on_host(platform: PlatformConfig) -> dict[str, Any]:
    """What is declared, as a bundle of `mech diagnose` has it, of what a host can see of itself."""
    services, stores = platform.resolved_services(), platform.datastores
    containers = {
        service.container(n): {"service": service.name, "memory": service.memory_mb << 20, "cpus": service.cpus}
        for service in services
        for n in range(1, service.replicas + 1)
    } | {
        name: {"service": "", "memory": store.memory_mb << 20, "cpus": store.cpus}
        for name, store in (("redis", stores.redis), ("mongodb", stores.mongodb))
    }
    return {
        "stack": f"{pulumi.get_stack()} (its host)",
        "services": {
            service.name: {
                "url": service_url(platform.domain, service.name),
                "containers": [name for name, about in containers.items() if about["service"] == service.name],
                "datastores": list(service.spec.datastores),
                "calls": list(service.spec.calls),
                "secrets": list(service.spec.secrets),
            }
            for service in services
        },
        "containers": containers,
        "settings": {"ssl": platform.edge.ssl},
        "records": {},
        "zone": "",
        "ids": dict.fromkeys(("instance", "reserved_ip", "volume", "firewall_group"), ""),
        "ports": [],
    }
