"""The service's properties: what replaces, what the swarm fills in. Source: resource_docker_service.go."""

from __future__ import annotations

from sandbox.providers.bridge import Field, computed, optional, required

from .container_fields import HEALTHCHECK, HOSTS
from .shape import LABELS

_AUTH: dict[str, Field] = {
    "serverAddress": required(replace=True),
    "username": optional(replace=True),
    "password": optional(replace=True, secret=True),
}
_BIND: dict[str, Field] = {"propagation": optional(default="rprivate")}
_TMPFS: dict[str, Field] = {"mode": optional("int"), "sizeBytes": optional("int")}
_VOLUME: dict[str, Field] = {
    "driverName": optional(),
    "driverOptions": optional("map"),
    "labels": optional("list", unordered=True, parts=LABELS),
    "noCopy": optional("bool"),
}
MOUNTS: dict[str, Field] = {
    "target": required(),
    "type": required(),
    "source": optional(),
    "readOnly": optional("bool"),
    "bindOptions": optional("object", parts=_BIND),
    "tmpfsOptions": optional("object", parts=_TMPFS),
    "volumeOptions": optional("object", parts=_VOLUME),
}


def _file(kind: str) -> dict[str, Field]:
    """A secret or a config as a task sees it."""
    return {
        f"{kind}Id": required(),
        f"{kind}Name": optional(),
        "fileName": required(),
        "fileUid": optional(default="0"),
        "fileGid": optional(default="0"),
        "fileMode": optional("int", default=0o444),
    }


_PRIVILEGES: dict[str, Field] = {
    "credentialSpec": optional("object", parts={"file": optional(), "registry": optional()}),
    "seLinuxContext": optional(
        "object",
        parts={"disable": optional("bool"), **{name: optional() for name in ("level", "role", "type", "user")}},
    ),
}
_DNS: dict[str, Field] = {
    "nameservers": required("list"),
    "options": optional("list"),
    "searches": optional("list", wire="search"),
}
SERVICE_HEALTHCHECK = {name: field for name, field in HEALTHCHECK.items() if name != "startInterval"} | {
    "tests": optional("list", wire="test")
}
CONTAINER: dict[str, Field] = {
    "image": required(),
    "args": optional("list"),
    "capAdds": optional("list", wire="cap_add"),
    "capDrops": optional("list", wire="cap_drop"),
    "commands": optional("list", wire="command"),
    "configs": optional("list", unordered=True, parts=_file("config")),
    "dir": optional(),
    "dnsConfig": computed("object", parts=_DNS),
    "env": optional("map"),
    "groups": optional("list"),
    "healthcheck": computed("object", parts=SERVICE_HEALTHCHECK),
    "hostname": optional(),
    "hosts": optional("list", unordered=True, parts=HOSTS, replace=True),
    "init": computed("bool"),
    "isolation": optional(default="default"),
    "labels": optional("list", unordered=True, parts=LABELS, replace=True),
    "mounts": optional("list", unordered=True, parts=MOUNTS),
    "privileges": optional("object", parts=_PRIVILEGES),
    "readOnly": optional("bool"),
    "secrets": optional("list", unordered=True, parts=_file("secret")),
    "stopGracePeriod": computed(),
    "stopSignal": optional(),
    "sysctl": optional("map", replace=True),
    "user": optional(),
}
_GENERIC: dict[str, Field] = {
    "discreteResourcesSpecs": optional("list", wire="discrete_resources_spec", unordered=True),
    "namedResourcesSpecs": optional("list", wire="named_resources_spec", unordered=True),
}
_LIMITS: dict[str, Field] = {"memoryBytes": optional("int"), "nanoCpus": optional("int")}
RESOURCES: dict[str, Field] = {
    "limits": optional("object", parts=_LIMITS),
    "reservation": optional("object", parts={**_LIMITS, "genericResources": optional("object", parts=_GENERIC)}),
}
RESTART: dict[str, Field] = {
    "condition": optional(),
    "delay": optional(),
    "maxAttempts": optional("int"),
    "window": optional(),
}
PLACEMENT: dict[str, Field] = {
    "constraints": optional("list", unordered=True),
    "maxReplicas": optional("int"),
    "platforms": optional("list", unordered=True, parts={"architecture": required(), "os": required()}),
    "prefs": optional("list", unordered=True),
}
NETWORKS: dict[str, Field] = {
    "aliases": optional("list", unordered=True, replace=True),
    "driverOpts": optional("list", unordered=True, replace=True),
    "id": optional(replace=True),
    "name": optional(replace=True),
}
TASK: dict[str, Field] = {
    "containerSpec": required("object", parts=CONTAINER),
    "forceUpdate": computed("int"),
    "logDriver": optional("object", parts={"name": required(), "options": optional("map")}),
    "networksAdvanceds": optional("list", wire="networks_advanced", unordered=True, parts=NETWORKS, replace=True),
    "placement": computed("object", parts=PLACEMENT),
    "resources": computed("object", parts=RESOURCES),
    "restartPolicy": computed("object", parts=RESTART),
    "runtime": computed(),
}
ROLLOUT: dict[str, Field] = {
    "delay": optional(default="0s"),
    "failureAction": optional(default="pause"),
    "maxFailureRatio": optional(default="0.0"),
    "monitor": optional(default="5s"),
    "order": optional(default="stop-first"),
    "parallelism": optional("int", default=1),
}
PORTS: dict[str, Field] = {
    "targetPort": required("int"),
    "name": optional(),
    "protocol": optional(default="tcp"),
    "publishMode": optional(default="ingress"),
    "publishedPort": computed("int"),
}
FIELDS: dict[str, Field] = {
    "name": required(autoname=True, replace=True),
    "auth": optional("object", parts=_AUTH, replace=True),
    "convergeConfig": optional("object", parts={"delay": optional(default="7s"), "timeout": optional(default="3m")}),
    "endpointSpec": computed("object", parts={"mode": computed(), "ports": optional("list", parts=PORTS)}),
    "labels": computed("list", unordered=True, parts=LABELS),
    "mode": computed(
        "object",
        replace=True,
        parts={
            "global": optional("bool", default=False),
            "replicated": computed("object", parts={"replicas": optional("int", default=1)}),
        },
    ),
    "rollbackConfig": optional("object", parts=ROLLOUT),
    "taskSpec": required("object", parts=TASK),
    "updateConfig": optional("object", parts=ROLLOUT),
}

# What each text may be; durations are checked apart.
CHOICES: dict[str, tuple[str, ...]] = {
    "taskSpec.containerSpec.isolation": ("default", "process", "hyperv"),
    "taskSpec.restartPolicy.condition": ("none", "on-failure", "any"),
    "taskSpec.runtime": ("container", "plugin"),
    "updateConfig.failureAction": ("pause", "continue", "rollback"),
    "updateConfig.order": ("stop-first", "start-first"),
    "rollbackConfig.failureAction": ("pause", "continue"),
    "rollbackConfig.order": ("stop-first", "start-first"),
    "endpointSpec.mode": ("vip", "dnsrr"),
}
DURATIONS = (
    "taskSpec.containerSpec.stopGracePeriod",
    *(f"taskSpec.containerSpec.healthcheck.{name}" for name in ("interval", "timeout", "startPeriod")),
    *(f"taskSpec.restartPolicy.{name}" for name in ("delay", "window")),
    *(f"{part}.{name}" for part in ("updateConfig", "rollbackConfig") for name in ("delay", "monitor")),
    *(f"convergeConfig.{name}" for name in ("delay", "timeout")),
)
