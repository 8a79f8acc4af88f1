"""What every container of the platform has in common, in one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pulumi
import pulumi_docker as docker

from mech_infra.commands.containers import MANAGED, SERVICE_GRACE_S
from mech_infra.components import limits
from mech_infra.readback import cpus_text

# Of every container of the platform, a swarm's tasks, too.
HEALTH_PACE: Mapping[str, Any] = MappingProxyType(
    {"interval": "10s", "timeout": "5s", "start_period": "20s", "retries": 3}
)
LOG_DRIVER, LOG_LIMITS = "json-file", MappingProxyType({"max-size": "10m", "max-file": "3"})


@dataclass(frozen=True)
class Runtime:
    """Docker on the host as containers need it: the images by workload, and what must be there before any is made."""

    provider: docker.Provider
    network: pulumi.Output[str]
    images: Mapping[str, pulumi.Output[str]]
    ready: Sequence[pulumi.Resource]


def container(
    name: str,
    *,
    container_name: str,
    workload: str,
    runtime: Runtime,
    memory_mb: int,
    cpus: float,
    health: Sequence[str],
    parent: pulumi.Resource,
    aliases: Sequence[str] = (),
    command: Sequence[str] | None = None,
    envs: Sequence[pulumi.Input[str]] = (),
    ports: Sequence[docker.ContainerPortArgs] = (),
    mounts: Sequence[docker.ContainerMountArgs] = (),
    hosts: Sequence[str] = (),
    labels: Mapping[str, str] = MappingProxyType({}),
    wait: bool = False,
    ignore_changes: Sequence[str] = (),
    grace_s: int = SERVICE_GRACE_S,
    after: Sequence[pulumi.Resource] = (),
) -> docker.Container:
    """A container with limits, health check, restart policy and log rotation.

    `memory_swap` equals `memory`: the limit then holds (no swap), and the provider shows no endless diff (findings §7).
    """
    return docker.Container(
        name,
        name=container_name,
        image=runtime.images[workload],
        command=list(command) if command else None,
        envs=list(envs) or None,
        restart="unless-stopped",
        memory=memory_mb,
        memory_swap=memory_mb,
        cpus=cpus_text(cpus),
        must_run=True,
        wait=wait,
        wait_timeout=90 if wait else None,
        # Else the provider's delete kills: what a database acknowledged and did not write yet would be lost.
        destroy_grace_seconds=grace_s,
        log_driver=LOG_DRIVER,
        log_opts=dict(LOG_LIMITS),
        healthcheck=docker.ContainerHealthcheckArgs(tests=list(health), **HEALTH_PACE),
        networks_advanced=[docker.ContainerNetworksAdvancedArgs(name=runtime.network, aliases=list(aliases) or None)],
        ports=list(ports) or None,
        mounts=list(mounts) or None,
        # What has no such label was made by hand (mech_infra.commands.containers).
        labels=[
            docker.ContainerLabelArgs(label=label, value=value)
            for label, value in sorted({MANAGED: "pulumi", **labels}.items())
        ],
        # Names that mean the host itself, as containers see it.
        hosts=[docker.ContainerHostArgs(host=host, ip="host-gateway") for host in hosts] or None,
        opts=pulumi.ResourceOptions(
            parent=parent,
            provider=runtime.provider,
            delete_before_replace=True,
            custom_timeouts=limits.container(grace_s),
            # The provider takes a changed health check for done and changes nothing: a diff for ever.
            replace_on_changes=["healthcheck"],
            ignore_changes=list(ignore_changes) or None,
            depends_on=[*runtime.ready, *after],
        ),
    )
