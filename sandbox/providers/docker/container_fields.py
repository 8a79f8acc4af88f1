"""The container's properties: which replace, which defaults they have. Source: resource_docker_container.go."""

from __future__ import annotations

from sandbox.providers.bridge import Field, Values, computed, optional, output, required

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
    "deviceReadBps": optional("list", unordered=True),
    "deviceReadIops": optional("list", unordered=True),
    "deviceWriteBps": optional("list", unordered=True),
    "deviceWriteIops": optional("list", unordered=True),
    "healthcheck": computed("object"),
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
    "capabilities": optional("object", replace=True),
    "cgroupParent": optional(replace=True),
    "cgroupnsMode": optional(replace=True),
    "command": computed("list", replace=True),
    "cpus": optional(replace=True),
    "deviceCgroupRules": optional("list", unordered=True, replace=True),
    "deviceRequests": optional("list", unordered=True, replace=True),
    "devices": optional("list", unordered=True, replace=True),
    "dns": optional("list", unordered=True, replace=True),
    "dnsOpts": optional("list", unordered=True, replace=True),
    "dnsSearches": optional("list", unordered=True, replace=True),
    "domainname": optional(replace=True),
    "entrypoints": computed("list", replace=True),
    "envs": computed("list", unordered=True, replace=True),
    "gpus": optional(replace=True),
    "groupAdds": optional("list", unordered=True, replace=True),
    "hostname": computed(replace=True),
    "hosts": optional("list", unordered=True, replace=True),
    "ipcMode": computed(replace=True),
    "labels": computed("list", unordered=True, replace=True),
    "logDriver": computed(replace=True),
    "logOpts": optional("map", replace=True),
    "mounts": optional("list", unordered=True, replace=True),
    "networkMode": optional(default="bridge", replace=True),
    "networksAdvanced": optional("list", unordered=True, replace=True),
    "pidMode": optional(replace=True),
    "platform": computed(replace=True),
    # Upstream suppresses a mere change of order.
    "ports": optional("list", unordered=True, replace=True),
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
    "ulimits": optional("list", unordered=True, replace=True),
    "uploads": optional("list", unordered=True, replace=True),
    "user": computed(replace=True),  # optional, but "" is suppressed upstream
    "usernsMode": optional(replace=True),
    "volumes": optional("list", unordered=True, replace=True),
    "workingDir": computed(replace=True),  # optional, but "" is suppressed upstream
    # Only the daemon says.
    "bridge": output(),
    "containerLogs": output(),
    "exitCode": output("int"),
    "networkDatas": output("list"),
}

# Defaults inside objects and lists of objects.
NESTED: dict[str, Values] = {
    "ports": {"ip": "0.0.0.0", "protocol": "tcp"},  # noqa: S104 - upstream's default
    "devices": {"permissions": "rwm"},
    "deviceRequests": {"driver": "cdi", "count": 0},
    "uploads": {"executable": False},
    "healthcheck": {"interval": "0s", "timeout": "0s", "startPeriod": "0s", "startInterval": "0s", "retries": 0},
}

# What `docker update` can change; all else in place is the provider's own business.
UPDATABLE = (
    "restart", "maxRetryCount", "cpuShares", "memory", "memoryReservation", "cpuSet", "memorySwap",
    "deviceReadBps", "deviceReadIops", "deviceWriteBps", "deviceWriteIops",
)  # fmt: skip
