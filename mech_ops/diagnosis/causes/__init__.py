"""The table of causes: one module a layer. Importing this one fills it."""

from mech_ops.diagnosis.causes import (
    between,
    certificate,
    container,
    datastores,
    dns,
    docker,
    edge,
    firewall,
    forwarding,
    limits,
    machine,
    nginx,
    service,
    ssh,
    vendor,
    vultr,
)
from mech_ops.diagnosis.causes.model import TABLE, Cause, Found

__all__ = [
    "TABLE",
    "Cause",
    "Found",
    "between",
    "certificate",
    "container",
    "datastores",
    "dns",
    "docker",
    "edge",
    "firewall",
    "forwarding",
    "limits",
    "machine",
    "nginx",
    "service",
    "ssh",
    "vendor",
    "vultr",
]
