"""A host as the readers see it, everything well; and ways to break it."""

from __future__ import annotations

import copy
import datetime as dt
from typing import Any

from mech_infra import catalogue
from mech_infra.commands.volume import DATA
from mech_infra.config.heal import HealConfig
from mech_infra.heal import orders

Json = dict[str, Any]
NOW = dt.datetime(2026, 11, 27, 12, tzinfo=dt.UTC).timestamp()
LIMITS = HealConfig()
CONTAINERS = {s.container_name: s.name for s in catalogue.SERVICES.values()} | {"redis": "", "mongodb": ""}
HOSTS = {name: f"{name}.mech.is" for name in catalogue.SERVICES}
ORDER: Json = orders.order(CONTAINERS, HOSTS, False, LIMITS)
NAMES = [one["name"] for one in ORDER["containers"]]
OK: Json = {"code": 200, "ms": 3, "error": "", "status": "ok", "dependencies": {}}
SILENT: Json = {"code": 0, "ms": 5000, "error": "timed out", "status": "", "dependencies": {}}


def ill(**words: str) -> Json:
    """What a service says that lacks something."""
    return {**OK, "code": 503, "status": "degraded", "dependencies": words}


def filesystem(path: str, percent: int, read_only: bool = False) -> Json:
    return {"path": path, "device": 1, "read_only": read_only, "used": percent * 10**9, "free": (100 - percent) * 10**9,
            "inodes_used": 1, "inodes_free": 10**6}  # fmt: skip


class Host:
    """`facts` are what the healer goes by."""

    def __init__(self) -> None:
        labels: dict[str, Json] = {
            name: {"mech.managed": "pulumi", **({"mech.service": service, "mech.version": "v1", "mech.slot": "blue"} if service else {})}
            for name, service in CONTAINERS.items()
        }  # fmt: skip
        self.facts: Json = {
            "docker": {
                "containers": [
                    {"name": name, "id": f"id{name.replace('-', '')}", "state": "running", "labels": labels[name]}
                    for name in NAMES
                ],
                "networks": [{"name": "mech-network", "labels": {"mech.managed": "pulumi"}}],
            },
            "inspected": {
                name: {"state": "running", "health": "healthy", "oom": False, "restarts": 0, "exit": 0,
                       "started": "2026-01-01T10:00:00.123456789Z", "networks": ["mech-network"]} for name in NAMES
            },
            "answers": {
                service: {"nginx": copy.deepcopy(OK), "containers": {name: copy.deepcopy(OK)}}
                for name, service in CONTAINERS.items() if service
            },
            "rollouts": {"working": False, "green": [], "good": dict.fromkeys(catalogue.SERVICES, "v1")},
            "mounts": [["/dev/vda1", "/"], ["/dev/vdb", DATA]],
            "space": [filesystem("/", 40), filesystem("/var/lib/docker", 40), filesystem(DATA, 10)],
            "logs": [], "ram": {"total": 8 << 30, "available": 4 << 30},
            "redis_info": {"loading": 0, "maxmemory": 100, "used_memory": 10},
        }  # fmt: skip

    def listed(self, name: str) -> Json:
        return next(c for c in self.facts["docker"]["containers"] if c["name"] == name)

    def is_(self, name: str, state: str, **more: Any) -> Host:
        self.listed(name)["state"] = state
        self.facts["inspected"][name] |= {"state": state, **more}
        return self

    def unhealthy(self, name: str, says: Json = SILENT) -> Host:
        self.is_(name, "running", health="unhealthy")
        if service := CONTAINERS[name]:
            self.facts["answers"][service]["containers"][name] = copy.deepcopy(says)
        return self

    def other(self, name: str, state: str, version: str = "v2") -> Host:
        """Another version of a service beside this one."""
        labels = {**self.listed(name)["labels"], "mech.version": version, "mech.slot": "green"}
        beside = {"name": f"{name}-{version}", "id": f"other{version}", "state": state, "labels": labels}
        self.facts["docker"]["containers"].append(beside)
        self.facts["inspected"][beside["name"]] = {**self.facts["inspected"][name], "state": state}
        return self

    def full(self, percent: int, path: str = "/") -> Host:
        paths = (DATA,) if path == DATA else ("/", "/var/lib/docker")
        self.facts["space"] = [
            filesystem(fs["path"], percent) if fs["path"] in paths else fs for fs in self.facts["space"]
        ]
        return self
