"""What the Engine API says of a service, as outputs. Source: resource_docker_service_structures.go's flatteners."""

from __future__ import annotations

from typing import Any

from sandbox.providers.bridge import Values
from sandbox.providers.terraform import whole

from .payload import duration
from .service_fields import FIELDS
from .shape import labels_from_map


def outputs(service: Values, known: Values) -> Values:
    """The state of the service; what the swarm does not keep (`auth`, `convergeConfig`) is as it was `known`."""
    spec = service["Spec"]
    endpoint = service.get("Endpoint") or {}
    mode = spec.get("Mode") or {}
    said = (endpoint.get("Spec") or {}).get("Mode") or (spec.get("EndpointSpec") or {}).get("Mode")
    ports = endpoint.get("Ports") if (endpoint.get("Spec") or {}).get("Mode") else spec["EndpointSpec"].get("Ports")
    found: Values = {
        "name": spec["Name"],
        "auth": known.get("auth"),
        "convergeConfig": known.get("convergeConfig"),
        "endpointSpec": {"mode": said, "ports": [_port(item) for item in ports or []]},
        "labels": labels_from_map(spec.get("Labels")),
        "mode": {
            "global": "Global" in mode,
            "replicated": {"replicas": mode["Replicated"].get("Replicas", 0)} if "Replicated" in mode else None,
        },
        "rollbackConfig": _rollout(spec.get("RollbackConfig")),
        "updateConfig": _rollout(spec.get("UpdateConfig")),
        "taskSpec": _task(spec["TaskTemplate"]),
    }
    read = {name: whole(field, found.get(name), True) for name, field in FIELDS.items()}
    dns = read["taskSpec"]["containerSpec"]["dnsConfig"]
    if dns and not any(dns.values()):  # a block without anything in it is kept as one that says nothing
        read["taskSpec"]["containerSpec"]["dnsConfig"] = dict.fromkeys(dns)
    return read


def _port(item: Values) -> Values:
    return {
        "name": item.get("Name") or "",
        "protocol": item.get("Protocol") or "",
        "targetPort": item.get("TargetPort") or 0,
        "publishedPort": item.get("PublishedPort") or 0,
        "publishMode": item.get("PublishMode") or "",
    }


def _rollout(config: Values | None) -> Values | None:
    if config is None:
        return None
    return {
        "parallelism": config.get("Parallelism", 0),
        "delay": duration(config.get("Delay", 0)),
        "failureAction": config.get("FailureAction") or "",
        "monitor": duration(config.get("Monitor", 0)),
        "maxFailureRatio": f"{config.get('MaxFailureRatio', 0):.1f}",
        "order": config.get("Order") or "",
    }


def _task(task: Values) -> Values:
    driver, policy = task.get("LogDriver"), task.get("RestartPolicy")
    placement, resources = task.get("Placement"), task.get("Resources")
    return {
        "containerSpec": _container(task["ContainerSpec"]),
        "forceUpdate": task.get("ForceUpdate") or 0,
        "logDriver": {"name": driver["Name"], "options": driver.get("Options") or {}} if driver else None,
        "networksAdvanceds": [
            {
                "id": item["Target"],
                "aliases": sorted(item.get("Aliases") or []),
                "driverOpts": [f"{key}={value}" for key, value in (item.get("DriverOpts") or {}).items()],
            }
            for item in task.get("Networks") or []
        ],
        "placement": _placement(placement) if placement is not None else None,
        "resources": {
            "limits": _amounts(resources.get("Limits")),
            "reservation": _amounts(resources.get("Reservations")),
        }
        if resources is not None
        else None,
        "restartPolicy": {
            "condition": policy.get("Condition") or "",
            **{
                name: duration(policy[key]) if key in policy else ""
                for name, key in (("delay", "Delay"), ("window", "Window"))
            },
            "maxAttempts": policy.get("MaxAttempts") or 0,
        }
        if policy is not None
        else None,
        "runtime": task.get("Runtime") or "",
    }


def _placement(given: Values) -> Values:
    return {
        "constraints": given.get("Constraints") or [],
        "maxReplicas": given.get("MaxReplicas") or 0,
        "platforms": [
            {"architecture": item.get("Architecture", ""), "os": item.get("OS", "")}
            for item in given.get("Platforms") or []
        ],
        "prefs": [item["Spread"]["SpreadDescriptor"] for item in given.get("Preferences") or []],
    }


def _amounts(given: Values | None) -> Values | None:
    if given is None:
        return None
    return {"memoryBytes": given.get("MemoryBytes") or 0, "nanoCpus": given.get("NanoCPUs") or 0}


def _container(spec: Values) -> Values:
    check, dns = spec.get("Healthcheck"), spec.get("DNSConfig")
    grace = spec.get("StopGracePeriod")
    return {
        "image": spec.get("Image") or "",
        "args": spec.get("Args") or [],
        "capAdds": spec.get("CapabilityAdd") or [],
        "capDrops": spec.get("CapabilityDrop") or [],
        "commands": spec.get("Command") or [],
        "configs": [_file("Config", item) for item in spec.get("Configs") or []],
        "dir": spec.get("Dir") or "",
        "dnsConfig": {
            "nameservers": dns.get("Nameservers") or [],
            "options": dns.get("Options") or [],
            "searches": dns.get("Search") or [],
        }
        if dns is not None
        else None,
        "env": dict(item.split("=", 1) if "=" in item else (item, "") for item in spec.get("Env") or []),
        "groups": spec.get("Groups") or [],
        "healthcheck": {
            "tests": check.get("Test") or [],
            **{
                name: duration(check.get(key, 0))
                for name, key in (("interval", "Interval"), ("timeout", "Timeout"), ("startPeriod", "StartPeriod"))
            },
            "retries": check.get("Retries") or 0,
        }
        if check is not None
        else None,
        "hostname": spec.get("Hostname") or "",
        "hosts": [dict(zip(("ip", "host"), item.split(" ")[:2], strict=True)) for item in spec.get("Hosts") or []],
        "init": bool(spec.get("Init")),
        "isolation": spec.get("Isolation") or "default",
        "labels": labels_from_map(spec.get("Labels")),
        "mounts": [_mount(item) for item in spec.get("Mounts") or []],
        "privileges": _privileges(spec.get("Privileges")),
        "readOnly": bool(spec.get("ReadOnly")),
        "secrets": [_file("Secret", item) for item in spec.get("Secrets") or []],
        "stopGracePeriod": duration(grace) if grace is not None else "",
        "stopSignal": spec.get("StopSignal") or "",
        "sysctl": spec.get("Sysctls") or {},
        "user": spec.get("User") or "",
    }


def _file(kind: str, item: Values) -> Values:
    name, file = kind.lower(), item.get("File") or {}
    return {
        f"{name}Id": item[f"{kind}ID"],
        f"{name}Name": item.get(f"{kind}Name") or "",
        "fileName": file.get("Name", ""),
        "fileUid": file.get("UID") or "0",
        "fileGid": file.get("GID") or "0",
        "fileMode": file.get("Mode", 0),
    }


def _mount(item: Values) -> Values:
    bind, volume, tmpfs = (item.get(f"{name}Options") for name in ("Bind", "Volume", "Tmpfs"))
    driver = (volume or {}).get("DriverConfig") or {}
    return {
        "type": item["Type"],
        "target": item["Target"],
        "source": item.get("Source") or "",
        "readOnly": bool(item.get("ReadOnly")),
        "bindOptions": {"propagation": bind.get("Propagation") or "rprivate"} if bind else None,
        "volumeOptions": {
            "noCopy": bool(volume.get("NoCopy")),
            "labels": labels_from_map(volume.get("Labels")),
            "driverName": driver.get("Name") or "",
            "driverOptions": driver.get("Options") or {},
        }
        if volume
        else None,
        "tmpfsOptions": {"sizeBytes": tmpfs.get("SizeBytes") or 0, "mode": tmpfs.get("Mode") or 0} if tmpfs else None,
    }


def _privileges(given: Values | None) -> Values | None:
    if not given:
        return None
    credential, context = given.get("CredentialSpec"), given.get("SELinuxContext")
    found: dict[str, Any] = {"credentialSpec": None, "seLinuxContext": None}
    if credential:
        found["credentialSpec"] = {"file": credential.get("File") or "", "registry": credential.get("Registry") or ""}
    if context:
        found["seLinuxContext"] = {
            "disable": bool(context.get("Disable")),
            **{key: context.get(key.capitalize()) or "" for key in ("level", "role", "type", "user")},
        }
    return found
