"""The container's properties: which replace, which defaults they have. Source: resource_docker_container.go."""

from __future__ import annotations

from sandbox.providers.bridge import Field, computed, optional, output, required

from .shape import LABELS

PORTS: dict[str, Field] = {
    "internal": required("int"),
    "external": computed("int"),
    "ip": optional(default="0.0.0.0"),  # noqa: S104 - upstream's default
    "protocol": optional(default="tcp"),
}
MOUNTS: dict[str, Field] = {
    "target": required(),
    "type": required(),
    "source": optional(),
    "readOnly": optional("bool"),
    "bindOptions": optional("object", parts={"propagation": optional()}),
    "tmpfsOptions": optional("object", parts={"mode": optional("int"), "sizeBytes": optional("int")}),
    "volumeOptions": optional(
        "object",
        parts={
            "driverName": optional(),
            "driverOptions": optional("map"),
            "labels": optional("list", unordered=True, parts=LABELS),
            "noCopy": optional("bool"),
            "subpath": optional(),
        },
    ),
}
NETWORKS_ADVANCED: dict[str, Field] = {
    "name": required(),
    "aliases": optional("list", unordered=True),
    "driverOpts": optional("list", unordered=True),
    "gwPriority": optional("int"),
    "ipv4Address": optional(),
    "ipv6Address": optional(),
    "linkLocalIps": optional("list", unordered=True),
    "macAddress": optional(),
}
HEALTHCHECK: dict[str, Field] = {
    "tests": required("list", wire="test"),
    "interval": optional(default="0s"),
    "retries": optional("int", default=0),
    "startInterval": optional(default="0s"),
    "startPeriod": optional(default="0s"),
    "timeout": optional(default="0s"),
}
DEVICE_REQUESTS: dict[str, Field] = {
    "capabilities": optional("list", unordered=True),
    "count": optional("int", default=0),
    "deviceIds": optional("list", unordered=True),
    "driver": optional(default="cdi"),
    "options": optional("map"),
}
UPLOADS: dict[str, Field] = {
    "file": required(),
    "content": optional(),
    "contentBase64": optional(),
    "executable": optional("bool", default=False),
    "group": optional(),
    "owner": optional(),
    "permissions": optional(),
    "source": optional(),
    "sourceHash": optional(),
}
VOLUMES: dict[str, Field] = {
    "containerPath": optional(),
    "fromContainer": optional(),
    "hostPath": optional(),
    "readOnly": optional("bool"),
    "selinuxRelabel": optional(),
    "volumeName": optional(),
}
DEVICES: dict[str, Field] = {
    "hostPath": required(),
    "containerPath": optional(),
    "permissions": optional(default="rwm"),
}
CAPABILITIES: dict[str, Field] = {
    "adds": optional("list", unordered=True, wire="add"),
    "drops": optional("list", unordered=True, wire="drop"),
}
ULIMITS: dict[str, Field] = {"hard": required("int"), "name": required(), "soft": required("int")}
THROTTLES: dict[str, Field] = {"path": required(), "rate": required("int")}
HOSTS: dict[str, Field] = {"host": required(), "ip": required()}
NETWORK_DATAS: dict[str, Field] = {
    "gateway": output(),
    "globalIpv6Address": output(),
    "globalIpv6PrefixLength": output("int"),
    "ipAddress": output(),
    "ipPrefixLength": output("int"),
    "ipv6Gateway": output(),
    "macAddress": output(),
    "networkName": output(),
}

FIELDS: dict[str, Field] = {
    "name": required(autoname=True, replace=True),
    "image": required(replace=True),
    # In place.
    "attach": optional("bool", default=False),
    "containerReadRefreshTimeoutMilliseconds": optional("int", default=15000),
    "cpuPeriod": optional("int"),
    "cpuQuota": optional("int"),
    "cpuSet": optional(),
    "cpuShares": optional("int"),
    "destroyGraceSeconds": optional("int"),
    "deviceReadBps": optional("list", unordered=True, parts=THROTTLES),
    "deviceReadIops": optional("list", unordered=True, parts=THROTTLES),
    "deviceWriteBps": optional("list", unordered=True, parts=THROTTLES),
    "deviceWriteIops": optional("list", unordered=True, parts=THROTTLES),
    "healthcheck": computed("object", parts=HEALTHCHECK),
    "init": computed("bool"),
    "logs": optional("bool", default=False),
    "maxRetryCount": optional("int"),
    "memory": optional("int"),
    "memoryReservation": optional("int", default=0),
    "memorySwap": optional("int"),
    "mustRun": optional("bool", default=True),
    "removeVolumes": optional("bool", default=True),
    "restart": optional(default="no"),
    "rm": optional("bool", default=False),
    "start": optional("bool", default=True),
    "tmpfs": optional("map"),
    "wait": optional("bool", default=False),
    "waitTimeout": optional("int", default=60),
    # A change replaces.
    "capabilities": optional("object", parts=CAPABILITIES, replace=True),
    "cgroupParent": optional(replace=True),
    "cgroupnsMode": optional(replace=True),
    "command": computed("list", replace=True),
    "cpus": optional(replace=True),
    "deviceCgroupRules": optional("list", unordered=True, replace=True),
    "deviceRequests": optional("list", any_order=True, parts=DEVICE_REQUESTS, replace=True),
    "devices": optional("list", unordered=True, parts=DEVICES, replace=True),
    "dns": optional("list", unordered=True, replace=True),
    "dnsOpts": optional("list", unordered=True, replace=True),
    "dnsSearches": optional("list", wire="dns_search", unordered=True, replace=True),
    "domainname": optional(replace=True),
    "entrypoints": computed("list", wire="entrypoint", replace=True),
    "envs": computed("list", wire="env", unordered=True, replace=True),
    "gpus": optional(replace=True),
    "groupAdds": optional("list", wire="group_add", unordered=True, replace=True),
    "hostname": computed(replace=True),
    "hosts": optional("list", wire="host", unordered=True, parts=HOSTS, replace=True),
    "ipcMode": computed(replace=True),
    "labels": computed("list", unordered=True, parts=LABELS, replace=True),
    "logDriver": computed(replace=True),
    "logOpts": optional("map", replace=True),
    "mounts": optional("list", unordered=True, parts=MOUNTS, replace=True),
    "networkMode": optional(default="bridge", replace=True),
    "networksAdvanced": optional("list", unordered=True, parts=NETWORKS_ADVANCED, replace=True),
    "pidMode": optional(replace=True),
    "platform": computed(replace=True),
    "ports": optional("list", any_order=True, parts=PORTS, replace=True),
    "privileged": optional("bool", replace=True),
    "publishAllPorts": optional("bool", replace=True),
    "readOnly": optional("bool", default=False, replace=True),
    "runtime": computed(replace=True),
    "securityOpts": computed("list", unordered=True, replace=True),
    "shmSize": computed("int", replace=True),
    "stdinOpen": optional("bool", default=False, replace=True),
    "stopSignal": computed(replace=True),
    "stopTimeout": computed("int", replace=True),
    "storageOpts": optional("map", replace=True),
    "sysctls": optional("map", replace=True),
    "tty": optional("bool", default=False, replace=True),
    "ulimits": optional("list", wire="ulimit", unordered=True, parts=ULIMITS, replace=True),
    "uploads": optional("list", wire="upload", unordered=True, parts=UPLOADS, replace=True),
    "user": optional(if_given=True, replace=True),
    "usernsMode": optional(replace=True),
    "volumes": optional("list", unordered=True, parts=VOLUMES, replace=True),
    "workingDir": optional(if_given=True, replace=True),
    # Only the daemon says.
    "bridge": output(),
    "containerLogs": output(),
    "exitCode": output("int"),
    "networkDatas": output("list", wire="network_data", parts=NETWORK_DATAS),
}

# What `docker update` can change; all else in place is the provider's own business.
UPDATABLE = (
    "restart", "maxRetryCount", "cpuShares", "memory", "memoryReservation", "cpuSet", "memorySwap",
    "deviceReadBps", "deviceReadIops", "deviceWriteBps", "deviceWriteIops",
)  # fmt: skip
