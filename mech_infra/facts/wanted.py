"""What a host is asked for by what is declared, and what its answers say of that."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from mech_infra.facts import look as facts
from mech_infra.facts import model

Json = dict[str, Any]

PORTS = {"redis": 6379, "mongodb": 27017}
# Whoever needs a vendor needs names and TCP to the world; this one is asked for nothing but a connection.
OUTSIDE = ("api.github.com", 443)
_ABOUT = ("name", "port", "source", "network", "path", "reference", "names")


def asked(wanted: Json) -> dict[str, Json]:
    """Arguments for the host's readers that only run when they are asked for."""
    encrypted = wanted["settings"].get("ssl") in ("full", "strict")
    sites = {
        name: {
            "host": urlsplit(about["url"]).hostname,
            "scheme": "https" if encrypted else "http",
            "containers": about["containers"],
        }
        for name, about in wanted["services"].items()
    }
    paths = {
        container: [[store, PORTS[store]] for store in about["datastores"]]
        for about in wanted["services"].values()
        for container in about["containers"]
    }
    bare: dict[str, Json] = {
        name: {} for name in ("inspected", "daemon", "filters", "redis_info", "machine", "web_logs", "jobs", "engine")
    }
    found: dict[str, Json] = {"answers": {"sites": sites}, "paths": {"wanted": paths, "outside": list(OUTSIDE)}, **bare}
    if wanted.get("tasks"):
        stores = {
            name: [[store, PORTS[store]] for store in about["datastores"]] for name, about in wanted["services"].items()
        }
        found["paths"]["tasks"] = stores
        found["membership"] = {}
    return found


def judged(sensors: list[Json], seen: Mapping[str, Json]) -> tuple[list[Json], list[str]]:
    """Drift of each sensor's facts, and what its watches tell; nothing of who was silent."""
    drift: list[Json] = []
    told: list[str] = []
    for sensor in sensors:
        source = _source(sensor["access"])
        if source not in seen:
            continue
        for label, wire in sensor["checks"].items():
            check = model.Check.of(wire)
            word = check.seen(seen[source]) if check else wire["good"]
            if check and word != wire["good"]:
                about = {key: value for key, value in dataclasses.asdict(check).items() if key in _ABOUT}  # type: ignore[call-overload]
                drift.append(
                    {"kind": wire["kind"], "label": label, "there": word, "declared": wire["good"], "about": about}
                )
        told += model.findings(sensor["watches"], seen[source], sensor["access"])
    return drift, told


def _source(access: Mapping[str, Any]) -> str:
    return next((source for source in ("host", "ranges", "zone") if source in access), "vultr")


assert facts  # its import makes every kind of check known
