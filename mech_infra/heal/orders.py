"""What the healer on the host is told: who is declared, in which order who is healed, and within which limits."""

from __future__ import annotations

from collections.abc import Mapping

from mech_infra import catalogue
from mech_infra.commands.containers import DATABASE_GRACE_S, MANAGED, SERVICE, SERVICE_GRACE_S, SLOT, VERSION
from mech_infra.commands.volume import DATA
from mech_infra.config.heal import HealConfig
from mech_infra.heal.words import Json


def order(containers: Mapping[str, str], hosts: Mapping[str, str], encrypted: bool, config: HealConfig) -> Json:
    """`containers`: by name its service, empty for a database. `hosts`: by service the name that visitors ask for."""
    names = sorted(containers, key=lambda name: (_turn(containers[name]), name))
    return {
        "containers": [_one(name, containers[name]) for name in names],
        "data": DATA,
        "grace_s": {"database": DATABASE_GRACE_S, "service": SERVICE_GRACE_S},
        "label": MANAGED,
        "labels": {"service": SERVICE, "slot": SLOT, "version": VERSION},
        "limits": {
            "per_container": config.per_container,
            "per_hour": config.per_hour,
            "first_wait_s": config.first_wait_s,
            "disk_percent": config.disk_percent,
        },
        "network": catalogue.NETWORK_NAME,
        "sites": {
            service: {
                "host": host,
                "scheme": "https" if encrypted else "http",
                "containers": [name for name in names if containers[name] == service],
            }
            for service, host in sorted(hosts.items())
        },
    }


def _turn(service: str) -> int:
    """The databases first, then who is critical, then the rest."""
    critical = catalogue.CRITICAL
    return 0 if not service else 1 + (critical.index(service) if service in critical else len(critical))


def _one(name: str, service: str) -> Json:
    known = catalogue.SERVICES.get(service)
    return {
        "name": name,
        "service": service,
        "datastores": list(known.datastores) if known else [],
        "calls": list(known.calls) if known else [],
        "aliases": list(catalogue.DATABASES.get(name, ())),
    }
