"""A service's inputs as the Engine API's specification. Source: resource_docker_service_structures.go, API v1.41."""

from __future__ import annotations

from typing import Any

from sandbox.providers.bridge import Values
from sandbox.providers.values import Unknown

from .payload import nanoseconds
from .shape import labels_to_map


def spec(inputs: Values) -> Values:
    """The body of POST /services/create and /services/ID/update."""
    return {
        "Name": inputs["name"],
        "Labels": labels_to_map(_known(inputs.get("labels"))) or None,
        "TaskTemplate": _task(inputs["taskSpec"]),
        "Mode": _mode(_known(inputs.get("mode")) or {}),
        "UpdateConfig": _rollout(inputs.get("updateConfig")),
        "RollbackConfig": _rollout(inputs.get("rollbackConfig")),
        "EndpointSpec": _endpoint(_known(inputs.get("endpointSpec")) or {}),
    }


def _known(value: Any) -> Any:
    """What the plan leaves to the swarm is nothing, for the swarm."""
    return None if isinstance(value, Unknown) else value


def _duration(value: Any) -> int:
    return nanoseconds(value) if isinstance(value, str) and value else 0


def _task(task: Values) -> Values:
    resources, placement = _known(task.get("resources")) or {}, _known(task.get("placement")) or {}
    found: Values = {
        "ContainerSpec": _container(task["containerSpec"]),
        "Resources": {
            key: {"NanoCPUs": part.get("nanoCpus") or 0, "MemoryBytes": part.get("memoryBytes") or 0}
            for key, part in (("Limits", resources.get("limits")), ("Reservations", resources.get("reservation")))
            if part
        },
        "RestartPolicy": _restart(_known(task.get("restartPolicy"))),
        "Placement": {
            "Constraints": placement.get("constraints") or None,
            "Preferences": [{"Spread": {"SpreadDescriptor": item}} for item in placement.get("prefs") or []] or None,
            "MaxReplicas": placement.get("maxReplicas") or 0,
            "Platforms": [
                {"Architecture": item["architecture"], "OS": item["os"]} for item in placement.get("platforms") or []
            ]
            or None,
        },
        "ForceUpdate": _known(task.get("forceUpdate")) or 0,
        "Runtime": _known(task.get("runtime")) or "",
        "Networks": [
            {
                "Target": item.get("id") or item.get("name"),
                "Aliases": item.get("aliases") or None,
                "DriverOpts": dict(option.split("=", 1) for option in item.get("driverOpts") or []) or None,
            }
            for item in task.get("networksAdvanceds") or []
        ],
    }
    driver = task.get("logDriver")
    return {**found, **({"LogDriver": {"Name": driver["name"], "Options": driver.get("options")}} if driver else {})}


def _restart(policy: Values | None) -> Values:
    if policy is None:
        return {}
    return {
        "Condition": policy.get("condition") or "",
        "Delay": _duration(policy.get("delay")),
        "MaxAttempts": policy.get("maxAttempts") or 0,
        "Window": _duration(policy.get("window")),
    }


def _container(given: Values) -> Values:
    check, dns = _known(given.get("healthcheck")) or {}, _known(given.get("dnsConfig")) or {}
    return {
        "Image": given["image"],
        "Labels": labels_to_map(given.get("labels")) or None,
        "Command": given.get("commands") or None,
        "Args": given.get("args") or None,
        "Hostname": given.get("hostname") or "",
        "Env": [f"{key}={value}" for key, value in sorted((given.get("env") or {}).items())],
        "Dir": given.get("dir") or "",
        "User": given.get("user") or "",
        "Groups": given.get("groups") or None,
        "Privileges": _privileges(given.get("privileges")),
        "ReadOnly": bool(given.get("readOnly")),
        "Mounts": [_mount(item) for item in given.get("mounts") or []],
        "StopSignal": given.get("stopSignal") or "",
        "StopGracePeriod": _duration(_known(given.get("stopGracePeriod"))),
        "Healthcheck": {
            "Test": check.get("tests") or None,
            **{
                key: _duration(check.get(name))
                for key, name in (("Interval", "interval"), ("Timeout", "timeout"), ("StartPeriod", "startPeriod"))
            },
            "Retries": check.get("retries") or 0,
        },
        "Hosts": [f"{item['ip']} {item['host']}" for item in given.get("hosts") or []],
        "DNSConfig": {
            "Nameservers": dns.get("nameservers") or None,
            "Search": dns.get("searches") or None,
            "Options": dns.get("options") or None,
        },
        "Secrets": [_file("Secret", item) for item in given.get("secrets") or []],
        "Configs": [_file("Config", item) for item in given.get("configs") or []],
        "Isolation": given.get("isolation") or "default",
        "Sysctls": given.get("sysctl") or None,
        "CapabilityAdd": given.get("capAdds") or None,
        "CapabilityDrop": given.get("capDrops") or None,
        "Init": bool(_known(given.get("init"))),
    }


def _privileges(given: Values | None) -> Values | None:
    if not given:
        return None
    credential, context = given.get("credentialSpec"), given.get("seLinuxContext")
    return {
        # Upstream's slip: the registry's value goes into File.
        "CredentialSpec": {"File": credential.get("registry") or credential.get("file")} if credential else None,
        "SELinuxContext": {key.capitalize(): value for key, value in context.items()} if context else None,
    }


def _file(kind: str, item: Values) -> Values:
    name = kind.lower()
    return {
        f"{kind}ID": item[f"{name}Id"],
        f"{kind}Name": item.get(f"{name}Name") or "",
        "File": {"Name": item["fileName"], "UID": item["fileUid"], "GID": item["fileGid"], "Mode": item["fileMode"]},
    }


def _mount(item: Values) -> Values:
    bind, volume, tmpfs = (item.get(name) for name in ("bindOptions", "volumeOptions", "tmpfsOptions"))
    found: Values = {
        "Type": item["type"],
        "Target": item["target"],
        "Source": item.get("source") or "",
        "ReadOnly": bool(item.get("readOnly")),
    }
    if bind:
        found["BindOptions"] = {"Propagation": bind.get("propagation") or ""}
    if volume:
        found["VolumeOptions"] = {
            "NoCopy": bool(volume.get("noCopy")),
            "Labels": labels_to_map(volume.get("labels")) or None,
            "DriverConfig": {"Name": volume.get("driverName") or "", "Options": volume.get("driverOptions") or {}},
        }
    if tmpfs:
        found["TmpfsOptions"] = {"SizeBytes": tmpfs.get("sizeBytes") or 0, "Mode": tmpfs.get("mode") or 0}
    return found


def _mode(mode: Values) -> Values:
    if mode.get("global"):
        return {"Global": {}}
    replicated = _known(mode.get("replicated"))
    return {"Replicated": {"Replicas": replicated.get("replicas", 1)}} if replicated else {}


def _rollout(given: Values | None) -> Values | None:
    if not given:
        return None
    return {
        "Parallelism": given.get("parallelism", 1),
        "Delay": _duration(given.get("delay")),
        "FailureAction": given.get("failureAction") or "",
        "Monitor": _duration(given.get("monitor")),
        "MaxFailureRatio": float(given.get("maxFailureRatio") or 0),
        "Order": given.get("order") or "",
    }


def _endpoint(given: Values) -> Values:
    return {
        "Mode": _known(given.get("mode")) or "",
        "Ports": [
            {
                "Name": item.get("name") or "",
                "Protocol": item.get("protocol") or "tcp",
                "TargetPort": item["targetPort"],
                "PublishedPort": _known(item.get("publishedPort")) or 0,
                "PublishMode": item.get("publishMode") or "ingress",
            }
            for item in given.get("ports") or []
        ],
    }
