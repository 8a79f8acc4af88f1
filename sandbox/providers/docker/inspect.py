"""`docker inspect` as a container's outputs. Source: resourceDockerContainerRead and its flatten functions.

What upstream does not read back stays as it was: env and labels (the image adds its own), networksAdvanced, uploads,
volumes, and everything that is the provider's own business (start, wait, attach, …).
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sandbox.providers.bridge import Values

from .payload import duration
from .shape import labels_from_map

_MIB = 1024 * 1024


def outputs(now: Values, known: Values) -> Values:
    """The state after a read: `known` (state, or inputs just after a create) with what the daemon says on top."""
    config, host, state = now["Config"], now["HostConfig"], now["State"]
    network = now.get("NetworkSettings") or {}
    running = bool(state.get("Running"))
    found: Values = {
        "name": now["Name"].lstrip("/"),
        "bridge": network.get("Bridge", ""),
        "networkDatas": _networks(network.get("Networks") or {}),
        "rm": bool(host.get("AutoRemove")),
        "readOnly": bool(host.get("ReadonlyRootfs")),
        # A program that names the image by its id is compared with the id.
        "image": now["Image"] if str(known.get("image", "")).startswith("sha256:") else config["Image"],
        "hostname": config.get("Hostname", ""),
        "domainname": config.get("Domainname", ""),
        "command": config.get("Cmd") or [],
        "entrypoints": config.get("Entrypoint") or [],
        "user": config.get("User", ""),
        "dns": host.get("Dns") or [],
        "dnsOpts": host.get("DnsOptions") or [],
        "dnsSearches": host.get("DnsSearch") or [],
        "securityOpts": host.get("SecurityOpt") or [],
        "publishAllPorts": bool(host.get("PublishAllPorts")),
        "restart": host["RestartPolicy"].get("Name") or "no",
        "maxRetryCount": host["RestartPolicy"].get("MaximumRetryCount", 0),
        "init": bool(host.get("Init")),
        "workingDir": config.get("WorkingDir", ""),
        "runtime": host.get("Runtime", ""),
        "platform": now.get("Platform", ""),
        "mounts": [_mount(item) for item in host.get("Mounts") or []],
        "tmpfs": host.get("Tmpfs") or {},
        "hosts": [_extra_host(item) for item in host.get("ExtraHosts") or []],
        "privileged": bool(host.get("Privileged")),
        "deviceReadBps": _throttle(host.get("BlkioDeviceReadBps")),
        "deviceReadIops": _throttle(host.get("BlkioDeviceReadIOps")),
        "deviceWriteBps": _throttle(host.get("BlkioDeviceWriteBps")),
        "deviceWriteIops": _throttle(host.get("BlkioDeviceWriteIOps")),
        "memory": host.get("Memory", 0) // _MIB,
        "memoryReservation": host.get("MemoryReservation", 0) // _MIB,
        "memorySwap": _swap(host.get("MemorySwap", 0)),
        "shmSize": host.get("ShmSize", 0) // _MIB,
        "cpuShares": host.get("CpuShares", 0),
        "cpuSet": host.get("CpusetCpus", ""),
        "logDriver": host["LogConfig"].get("Type", ""),
        "logOpts": (host["LogConfig"].get("Config") or {}) if known.get("logOpts") else {},
        "storageOpts": host.get("StorageOpt") or {},
        "networkMode": host.get("NetworkMode", ""),
        "usernsMode": host.get("UsernsMode", ""),
        "sysctls": host.get("Sysctls") or {},
        "ipcMode": host.get("IpcMode", ""),
        "groupAdds": host.get("GroupAdd") or [],
        "tty": bool(config.get("Tty")),
        "stdinOpen": bool(config.get("OpenStdin")),
        "stopSignal": config.get("StopSignal", ""),
        "stopTimeout": config.get("StopTimeout") or 0,
    }
    if host.get("CapAdd") or host.get("CapDrop"):
        found["capabilities"] = {"adds": host.get("CapAdd") or [], "drops": host.get("CapDrop") or []}
    if host.get("NanoCpus"):
        found["cpus"] = cpus(host["NanoCpus"])
    if config.get("Healthcheck"):
        found["healthcheck"] = _healthcheck(config["Healthcheck"])
    if known.get("pidMode"):
        found["pidMode"] = host.get("PidMode", "")
    if known.get("ulimits"):
        found["ulimits"] = [
            {"name": item["Name"], "soft": item["Soft"], "hard": item["Hard"]} for item in host.get("Ulimits") or []
        ]
    if known.get("devices"):
        found["devices"] = _devices(host.get("Devices") or [], known["devices"])
    # A stopped container has no ports: one that must run shows that as a change, another one keeps what it had.
    if known.get("ports") and (running or known.get("mustRun", True)):
        found["ports"] = ports(network.get("Ports") or {})
    if not running:
        found["exitCode"] = state.get("ExitCode", 0)
        found["mustRun"] = False
    return {key: value for key, value in {**known, **found}.items() if value is not None}


def cpus(nanos: int) -> str:
    """NanoCpus as the official plugin writes them (terraform-provider-docker 4.5.0, nanoInt64ToDecimalString).

    1 is "1.0", 0.25 "0.25", 10 "10."; with nine zeros among its digits it is cut to one decimal: 0.05 is "0.1".
    """
    whole, part = divmod(nanos, 10**9)
    text = f"{whole}.{part:09}"
    if text.count("0") == 9:
        return str((Decimal(nanos) / 10**9).quantize(Decimal("0.1"), ROUND_HALF_UP))
    return text.rstrip("0")


def ports(published: dict[str, Any]) -> list[Values]:
    """Sorted by the container's port, as upstream sorts them."""
    found = []
    for key in sorted(published, key=lambda text: int(text.split("/")[0])):
        internal, _, protocol = key.partition("/")
        for binding in published[key] or []:
            found.append(
                {
                    "internal": int(internal),
                    "external": int(binding.get("HostPort") or 0),
                    "ip": binding.get("HostIp", ""),
                    "protocol": protocol,
                }
            )
    return found


def _networks(networks: dict[str, Values]) -> list[Values]:
    return [
        {
            "networkName": name,
            "ipAddress": item.get("IPAddress", ""),
            "ipPrefixLength": item.get("IPPrefixLen", 0),
            "gateway": item.get("Gateway", ""),
            "globalIpv6Address": item.get("GlobalIPv6Address", ""),
            "globalIpv6PrefixLength": item.get("GlobalIPv6PrefixLen", 0),
            "ipv6Gateway": item.get("IPv6Gateway", ""),
            "macAddress": item.get("MacAddress", ""),
        }
        for name, item in sorted(networks.items())
    ]


def _healthcheck(check: Values) -> Values:
    return {
        "tests": check.get("Test") or [],
        "interval": duration(check.get("Interval", 0)),
        "timeout": duration(check.get("Timeout", 0)),
        "startPeriod": duration(check.get("StartPeriod", 0)),
        "startInterval": duration(check.get("StartInterval", 0)),
        "retries": check.get("Retries", 0),
    }


def _mount(item: Values) -> Values:
    found: Values = {
        "target": item["Target"],
        "source": item.get("Source", ""),
        "type": item["Type"],
        "readOnly": bool(item.get("ReadOnly")),
    }
    if item.get("BindOptions"):
        found["bindOptions"] = {"propagation": item["BindOptions"].get("Propagation", "")}
    if item.get("VolumeOptions"):
        options = item["VolumeOptions"]
        driver = options.get("DriverConfig") or {}
        found["volumeOptions"] = {
            "noCopy": bool(options.get("NoCopy")),
            "labels": labels_from_map(options.get("Labels")),
            "driverName": driver.get("Name", ""),
            "driverOptions": driver.get("Options") or {},
            "subpath": options.get("Subpath", ""),
        }
    if item.get("TmpfsOptions"):
        options = item["TmpfsOptions"]
        found["tmpfsOptions"] = {"sizeBytes": options.get("SizeBytes", 0), "mode": options.get("Mode", 0)}
    return found


def _extra_host(text: str) -> Values:
    host, _, address = text.partition(":")
    return {"host": host, "ip": address}


def _throttle(devices: list[Values] | None) -> list[Values]:
    return [{"path": item["Path"], "rate": item["Rate"]} for item in devices or []]


def _devices(devices: list[Values], configured: list[Values]) -> list[Values]:
    named = {item["hostPath"] for item in configured if item.get("containerPath")}
    found = []
    for item in devices:
        device = {"hostPath": item["PathOnHost"], "permissions": item["CgroupPermissions"]}
        if item["PathOnHost"] in named:
            device["containerPath"] = item["PathInContainer"]
        found.append(device)
    return found


def _swap(size: int) -> int:
    return size // _MIB if size > 0 else size
