"""A container's inputs as the Engine API's bodies. Source: resource_docker_container_funcs.go, docker's API v1.41."""

from __future__ import annotations

import re
from typing import Any

from sandbox.providers.bridge import Values
from sandbox.providers.contract import ProviderError

from .shape import labels_to_map

_MIB = 1024 * 1024
_UNITS = {"h": 3600 * 10**9, "m": 60 * 10**9, "s": 10**9, "ms": 10**6, "us": 1000, "µs": 1000, "ns": 1}


def nanoseconds(text: str) -> int:
    """Go's duration text ("1m30s", "500ms") as nanoseconds. Raises ValueError."""
    parts = re.findall(r"([0-9]*\.?[0-9]+)(h|ms|us|µs|ns|m|s)", text)
    if text != "0" and "".join(number + unit for number, unit in parts) != text.lstrip("+"):
        raise ValueError(f"{text!r} is not a duration such as 10s or 1m30s")
    return round(sum(float(number) * _UNITS[unit] for number, unit in parts))


def duration(nanos: int) -> str:
    """Nanoseconds as Go prints them: 90 s is "1m30s", 0 is "0s"."""
    if nanos < 10**9:
        for unit, size in (("ms", 10**6), ("µs", 1000), ("ns", 1)):
            if nanos >= size:
                return f"{nanos / size:.9f}".rstrip("0").rstrip(".") + unit
        return "0s"
    minutes, rest = divmod(nanos, 60 * 10**9)
    seconds = f"{rest / 10**9:.9f}".rstrip("0").rstrip(".") + "s"
    if minutes >= 60:
        return f"{minutes // 60}h{minutes % 60}m{seconds}"
    return f"{minutes}m{seconds}" if minutes else seconds


def swap_bytes(megabytes: int) -> int:
    """memorySwap: -1 means without limit."""
    return megabytes * _MIB if megabytes > 0 else megabytes


def throttle(devices: list[Values] | None) -> list[Values] | None:
    return [{"Path": item["path"], "Rate": item["rate"]} for item in devices or []] or None


def container(inputs: Values) -> Values:
    """The body of POST /containers/create."""
    command = inputs.get("command")
    if command and "" in command:
        raise ProviderError("values for command may not be empty")
    ports = inputs.get("ports") or []
    exposed: dict[str, Values] = {f"{port['internal']}/{port.get('protocol', 'tcp')}": {} for port in ports}
    volumes, binds, sources = _volumes(inputs.get("volumes") or [])
    body: Values = {
        "Image": inputs["image"],
        "Hostname": inputs.get("hostname", ""),
        "Domainname": inputs.get("domainname", ""),
        "Tty": bool(inputs.get("tty")),
        "OpenStdin": bool(inputs.get("stdinOpen")),
        "StopSignal": inputs.get("stopSignal") or None,
        "StopTimeout": inputs.get("stopTimeout") or None,
        "Env": inputs.get("envs") or None,
        "Cmd": command or None,
        "Entrypoint": inputs.get("entrypoints") or None,
        "User": inputs.get("user") or None,
        "WorkingDir": inputs.get("workingDir") or None,
        "ExposedPorts": exposed or None,
        "Volumes": volumes or None,
        "Labels": labels_to_map(inputs.get("labels")) or None,
        "Healthcheck": _healthcheck(inputs.get("healthcheck")),
        "HostConfig": _host(inputs, binds, sources),
    }
    return {key: value for key, value in body.items() if value is not None}


def _healthcheck(check: Values | None) -> Values | None:
    if not check:
        return None
    times = {
        "Interval": "interval",
        "Timeout": "timeout",
        "StartPeriod": "startPeriod",
        "StartInterval": "startInterval",
    }
    found: Values = {key: nanoseconds(check.get(name) or "0s") for key, name in times.items()}
    if not found["StartInterval"]:
        del found["StartInterval"]  # unknown to daemons before 25
    return {**found, "Test": check.get("tests") or [], "Retries": check.get("retries", 0)}


def _host(inputs: Values, binds: list[str], sources: list[str]) -> Values:
    capabilities = inputs.get("capabilities") or {}
    bindings: dict[str, list[Values]] = {}
    for port in inputs.get("ports") or []:
        external = port.get("external")
        bindings.setdefault(f"{port['internal']}/{port.get('protocol', 'tcp')}", []).append(
            {"HostIp": port.get("ip", ""), "HostPort": str(external) if external else ""}
        )
    options = [item for item in inputs.get("securityOpts") or [] if item != "systempaths=unconfined"]
    unconfined = len(options) != len(inputs.get("securityOpts") or [])
    cpus = _nano_cpus(inputs.get("cpus"))
    body: Values = {
        "Privileged": bool(inputs.get("privileged")),
        "PublishAllPorts": bool(inputs.get("publishAllPorts")),
        "RestartPolicy": {"Name": inputs.get("restart", "no"), "MaximumRetryCount": inputs.get("maxRetryCount", 0)},
        "Runtime": inputs.get("runtime") or None,
        "Mounts": [mount(item) for item in inputs.get("mounts") or []] or None,
        "AutoRemove": bool(inputs.get("rm")),
        "ReadonlyRootfs": bool(inputs.get("readOnly")),
        "LogConfig": {"Type": inputs.get("logDriver", ""), "Config": inputs.get("logOpts") or {}},
        "Tmpfs": inputs.get("tmpfs") or None,
        "PortBindings": bindings or None,
        "ExtraHosts": [f"{item['host']}:{item['ip']}" for item in inputs.get("hosts") or []] or None,
        "Binds": binds or None,
        "VolumesFrom": sources or None,
        "Ulimits": [
            {"Name": item["name"], "Soft": item["soft"], "Hard": item["hard"]} for item in inputs.get("ulimits") or []
        ]
        or None,
        "CapAdd": capabilities.get("adds") or None,
        "CapDrop": capabilities.get("drops") or None,
        "Devices": [
            {
                "PathOnHost": item["hostPath"],
                "PathInContainer": item.get("containerPath") or item["hostPath"],
                "CgroupPermissions": item.get("permissions", "rwm"),
            }
            for item in inputs.get("devices") or []
        ]
        or None,
        "DeviceCgroupRules": inputs.get("deviceCgroupRules") or None,
        "DeviceRequests": _device_requests(inputs),
        "BlkioDeviceReadBps": throttle(inputs.get("deviceReadBps")),
        "BlkioDeviceReadIOps": throttle(inputs.get("deviceReadIops")),
        "BlkioDeviceWriteBps": throttle(inputs.get("deviceWriteBps")),
        "BlkioDeviceWriteIOps": throttle(inputs.get("deviceWriteIops")),
        "Dns": inputs.get("dns") or None,
        "DnsOptions": inputs.get("dnsOpts") or None,
        "DnsSearch": inputs.get("dnsSearches") or None,
        "SecurityOpt": options or None,
        "MaskedPaths": [] if unconfined else None,
        "ReadonlyPaths": [] if unconfined else None,
        "Memory": inputs.get("memory", 0) * _MIB or None,
        "MemoryReservation": inputs.get("memoryReservation", 0) * _MIB or None,
        "MemorySwap": swap_bytes(inputs.get("memorySwap", 0)) or None,
        "ShmSize": inputs.get("shmSize", 0) * _MIB or None,
        "NanoCpus": cpus,
        "CpuPeriod": None if cpus else inputs.get("cpuPeriod") or None,
        "CpuQuota": None if cpus else inputs.get("cpuQuota") or None,
        "CpuShares": inputs.get("cpuShares") or None,
        "CpusetCpus": inputs.get("cpuSet") or None,
        "NetworkMode": inputs.get("networkMode") or "bridge",
        "UsernsMode": inputs.get("usernsMode") or None,
        "PidMode": inputs.get("pidMode") or None,
        "Sysctls": inputs.get("sysctls") or None,
        "IpcMode": inputs.get("ipcMode") or None,
        "GroupAdd": inputs.get("groupAdds") or None,
        "CgroupnsMode": inputs.get("cgroupnsMode") or None,
        "CgroupParent": inputs.get("cgroupParent") or None,
        "Init": bool(inputs.get("init")),
        "StorageOpt": inputs.get("storageOpts") or None,
    }
    return {key: value for key, value in body.items() if value is not None}


def _nano_cpus(text: Any) -> int | None:
    if not text:
        return None
    try:
        return round(float(text) * 10**9)
    except ValueError:
        raise ProviderError(f"Error setting cpus: {text!r} is not a number such as 0.5") from None


def _device_requests(inputs: Values) -> list[Values] | None:
    gpus = str(inputs.get("gpus") or "").strip("\"' ")
    if gpus:
        chosen = gpus.removeprefix("device=").split(",") if gpus.startswith("device=") else []
        return [{"Count": 0 if chosen else -1, "DeviceIDs": chosen or None, "Capabilities": [["gpu"]]}]
    return [
        {
            "Driver": item.get("driver", "cdi"),
            "Count": item.get("count", 0),
            "DeviceIDs": item.get("deviceIds") or [],
            "Capabilities": [item.get("capabilities") or []],
            "Options": item.get("options") or {},
        }
        for item in inputs.get("deviceRequests") or []
    ] or None


def _volumes(volumes: list[Values]) -> tuple[dict[str, Values], list[str], list[str]]:
    anonymous: dict[str, Values] = {}
    binds, sources = [], []
    for item in volumes:
        source, path = item.get("fromContainer"), item.get("containerPath")
        name = item.get("hostPath") or item.get("volumeName")
        if not source and not path:
            raise ProviderError("Unable to parse volumes: volume entry without container path or source container")
        if source and path:
            raise ProviderError("Unable to parse volumes: both a container and a path specified in a volume entry")
        if source:
            sources.append(str(source))
            continue
        anonymous[str(path)] = {}
        if name:
            mode = "ro" if item.get("readOnly") else "rw"
            relabel = f",{item['selinuxRelabel']}" if item.get("selinuxRelabel") else ""
            binds.append(f"{name}:{path}:{mode}{relabel}")
    return anonymous, binds, sources


def mount(item: Values) -> Values:
    """One of `mounts` as the API has it; only the options of its own type are sent."""
    found: Values = {
        "Type": item["type"],
        "Target": item["target"],
        "Source": item.get("source", ""),
        "ReadOnly": bool(item.get("readOnly")),
    }
    bind, volume, tmpfs = (item.get(f"{kind}Options") for kind in ("bind", "volume", "tmpfs"))
    if item["type"] == "bind" and bind:
        found["BindOptions"] = {"Propagation": bind.get("propagation", "")}
    if item["type"] == "volume" and volume:
        options: Values = {"NoCopy": bool(volume.get("noCopy")), "Labels": labels_to_map(volume.get("labels"))}
        if volume.get("driverName") or volume.get("driverOptions"):
            options["DriverConfig"] = {
                "Name": volume.get("driverName", ""),
                "Options": volume.get("driverOptions") or {},
            }
        if volume.get("subpath"):
            options["Subpath"] = volume["subpath"]
        found["VolumeOptions"] = options
    if item["type"] == "tmpfs" and tmpfs:
        found["TmpfsOptions"] = {"SizeBytes": tmpfs.get("sizeBytes", 0), "Mode": tmpfs.get("mode", 0)}
    return found


def endpoint(item: Values) -> Values:
    """One of `networksAdvanced` as the body of POST /networks/ID/connect."""
    addresses = {
        "IPv4Address": item.get("ipv4Address"),
        "IPv6Address": item.get("ipv6Address"),
        "LinkLocalIPs": item.get("linkLocalIps"),
    }
    options = [text.split("=", 1) for text in item.get("driverOpts") or [] if "=" in text]
    body: Values = {
        "Aliases": item.get("aliases") or None,
        "IPAMConfig": {key: value for key, value in addresses.items() if value} or None,
        "MacAddress": item.get("macAddress") or None,
        "DriverOpts": dict(options) or None,
        "GwPriority": item.get("gwPriority") or None,
    }
    return {key: value for key, value in body.items() if value is not None}


def update(inputs: Values) -> Values:
    """The body of POST /containers/ID/update."""
    body: Values = {
        "RestartPolicy": {"Name": inputs.get("restart", "no"), "MaximumRetryCount": inputs.get("maxRetryCount", 0)},
        "CpuShares": inputs.get("cpuShares", 0),
        "Memory": inputs.get("memory", 0) * _MIB,
        "MemoryReservation": inputs.get("memoryReservation", 0) * _MIB,
        "CpusetCpus": inputs.get("cpuSet", ""),
        "MemorySwap": swap_bytes(inputs.get("memorySwap", 0)) or None,
        "BlkioDeviceReadBps": throttle(inputs.get("deviceReadBps")),
        "BlkioDeviceReadIOps": throttle(inputs.get("deviceReadIops")),
        "BlkioDeviceWriteBps": throttle(inputs.get("deviceWriteBps")),
        "BlkioDeviceWriteIOps": throttle(inputs.get("deviceWriteIops")),
    }
    return {key: value for key, value in body.items() if value is not None}
