"""Whether the containers have room: on one host, or on the members of a fleet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from mech_infra.config.platform import PlatformConfig
from mech_infra.config.types import NAMESPACE, nearest

# The least for what is not in a container: systemd and what it starts (100), Docker with a shim a container (130), nginx and
# sshd (25). More is better, for files are read into it, and of the plan's number the kernel keeps some for itself.
SYSTEM_MB = 256


def mistakes(platform: PlatformConfig) -> Iterator[str]:
    """Sentences; nothing where all have room."""
    yield from _drained(platform)
    yield from _cores(platform)
    yield from (_of_the_fleet(platform) if platform.is_fleet else _of_the_host(platform))


def _databases(platform: PlatformConfig) -> dict[str, int]:
    return {"redis": platform.datastores.redis.memory_mb, "mongodb": platform.datastores.mongodb.memory_mb}


def _of_the_host(platform: PlatformConfig) -> Iterator[str]:
    wanted = Counter(_databases(platform))
    for service in platform.resolved_services():
        wanted[service.name] += service.memory_mb * service.replicas
    plan = platform.host
    if wanted.total() > plan.memory_mb - SYSTEM_MB:
        largest = ", ".join(f"{name} {size}" for name, size in wanted.most_common(3))
        yield (
            f"mech:host.plan: the containers may use {wanted.total()} MiB but {plan.plan} has {plan.memory_mb} MiB, of which "
            f"{SYSTEM_MB} are the system's own at least (kernel, Docker, nginx, sshd): when all is used, the kernel ends one of them, and "
            f"nobody chooses which; take a larger plan or lower memoryMb or replicas (largest: {largest})"
        )


def _of_the_fleet(platform: PlatformConfig) -> Iterator[str]:
    takers = platform.takers()
    crowded = [service for service in platform.resolved_services() if service.replicas > len(takers)]
    for service in crowded:
        yield (
            f"{NAMESPACE}:services.{service.name}.replicas: {service.replicas} is more than the {len(takers)} members that take tasks "
            f"({', '.join(member.name for member in takers)}), and each takes one of a service; write {len(takers)} or less, or add workers"
        )
    free = {member.name: member.size.memory_mb - SYSTEM_MB for member in takers}
    first, databases = platform.host.hostname, sum(_databases(platform).values())
    free[first] -= databases
    if free[first] < 0:
        yield (
            f"{NAMESPACE}:host.plan: the databases may use {databases} MiB but {platform.host.plan} has {platform.host.memory_mb} MiB, of "
            f"which {SYSTEM_MB} are the system's own at least; take a larger plan or lower their memoryMb"
        )
    elif not crowded and (name := _left_over(platform, free)) is not None:
        yield (
            f"{NAMESPACE}:fleet: the task of {name} has no room: its memoryMb, beside the other tasks', the databases' and "
            f"{SYSTEM_MB} MiB of the system's own, fits on no member that takes tasks "
            f"({', '.join(f'{name} has {size}' for name, size in free.items())} MiB for tasks); add workers, take larger plans, or "
            "lower memoryMb or replicas"
        )


def _left_over(platform: PlatformConfig, free: dict[str, int]) -> str | None:
    """The service whose task is the first to find no room; the largest are placed first, each where most is free."""
    free = dict(free)
    services = sorted(platform.resolved_services(), key=lambda one: -one.memory_mb)
    for service in services:
        for name in sorted(free, key=lambda name: -free[name])[: service.replicas]:
            free[name] -= service.memory_mb
            if free[name] < 0:
                return service.name
    return None


def _drained(platform: PlatformConfig) -> Iterator[str]:
    names = [member.name for member in platform.members()]
    for place, name in enumerate(platform.fleet.drained):
        key = f"{NAMESPACE}:fleet.drained.{place}"
        if name == platform.host.hostname:
            yield f"{key}: {name} has the data volume, and the databases stay on it; take it out, and drain the others"
        elif name not in names:
            there = f"the members are {', '.join(names)}" if platform.is_fleet else "there is one host and no fleet"
            yield f"{key}: there is no {name}{nearest(name, names[1:])} ({there}); take it out"


def _cores(platform: PlatformConfig) -> Iterator[str]:
    databases = {"redis": platform.datastores.redis.cpus, "mongodb": platform.datastores.mongodb.cpus}
    wanted = {f"{NAMESPACE}:datastores.{name}.cpus": (cpus, False) for name, cpus in databases.items()}
    wanted |= {
        f"{NAMESPACE}:services.{service.name}.cpus": (service.cpus, True) for service in platform.resolved_services()
    }
    takers = platform.takers()
    smallest = min(takers, key=lambda member: member.size.cpus)
    for key, (cpus, anywhere) in wanted.items():
        member = smallest if anywhere else takers[0]
        kind = "host" if member.first else "fleet"
        role = "plan" if member.first else "managerPlan" if member.manager else "workerPlan"
        if cpus > member.size.cpus:
            yield (
                f"{key}: {cpus:g} is more than the {member.size.cpus} cores of mech:{kind}.{role} {member.plan}, and Docker "
                f"makes no such container; write {member.size.cpus} or less, or take a larger plan"
            )
