"""Services' containers: health, restart, limits, images, logs, what they may touch (guide, Performance)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.family import Family, puts
from policies.model import CONTAINER, IMAGE, INSTANCE, Finding, Resource, Stack
from policies.reading.containers import container_name

rule = Family("services")
_PLAN = re.compile(r"-(\d+)c-(\d+)gb")


@rule.each(
    CONTAINER,
    "services-no-health",
    title="A health check each",
    symptom="a hanging service that `docker ps` shows as Up",
    fix="set healthcheck on the container",
    severity="medium",
)
def no_health(container: Resource) -> Iterator[str]:
    tests = container.items("healthcheck", "tests")
    if not tests or tests[0] == "NONE":
        yield f"{container_name(container)} has no health check"


@rule.each(
    CONTAINER,
    "services-no-restart",
    title="Containers come back",
    symptom="the service is gone after a crash or a reboot",
    fix="set restart to unless-stopped",
    severity="high",
    remedy=puts(restart="unless-stopped"),
)
def no_restart(container: Resource) -> Iterator[str]:
    if container.text("restart") not in ("always", "unless-stopped"):
        yield f"{container_name(container)} has restart policy {container.text('restart') or 'no'}"


@rule.each(
    CONTAINER,
    "services-no-memory-limit",
    title="A memory limit each",
    symptom="one service takes all memory, the kernel kills another",
    fix="set mech:services.NAME.memoryMb",
    severity="high",
)
def no_memory_limit(container: Resource) -> Iterator[str]:
    if not (container.number("memory") or 0) > 0:
        yield f"{container_name(container)} has no memory limit"


@rule.each(
    CONTAINER,
    "services-swap",
    title="memorySwap equals memory",
    symptom="a preview that is never clean; a limit that does not hold",
    fix="set memorySwap to the value of memory",
    severity="low",
    level="advisory",
)
def swap(container: Resource) -> Iterator[str]:
    memory, both = container.number("memory") or 0, container.number("memorySwap")
    if memory > 0 and both is None:
        yield f"{container_name(container)} has memory without memorySwap"
    elif memory > 0 and both is not None and both != memory:
        yield f"{container_name(container)} may swap: memory {memory:g}, memorySwap {both:g}"


@rule.each(
    CONTAINER,
    "services-no-cpu-limit",
    title="A CPU limit each",
    symptom="high CPU of one service slows all (guide, Performance)",
    fix="set mech:services.NAME.cpus",
    severity="medium",
)
def no_cpu_limit(container: Resource) -> Iterator[str]:
    cpus = container.number("cpus") or 0
    if not cpus > 0 and not (container.number("cpuShares") or 0) > 0:
        yield f"{container_name(container)} has no CPU limit"


@rule(
    "services-over-plan",
    title="Limits fit the plan",
    symptom="OOM kills under load, though every limit is kept",
    fix="lower mech:services.NAME.memoryMb or take a larger mech:host.plan",
    severity="high",
)
def over_plan(stack: Stack) -> Iterator[Finding]:
    for instance in stack.of(INSTANCE):
        plan = _PLAN.search(instance.text("plan"))
        if plan:
            whole = int(plan[2]) * 1024
            used = sum(container.number("memory") or 0 for container in stack.of(CONTAINER))
            if used > whole:
                yield Finding(
                    f"containers may use {used:g} MB together, plan {instance.text('plan')} has {whole}", instance
                )


@rule.each(
    IMAGE,
    "services-latest-image",
    title="Images have a version",
    symptom="two hosts run two versions; no way back",
    fix="name a version in mech:services.NAME.image",
    severity="low",
    level="advisory",
)
def latest_image(image: Resource) -> Iterator[str]:
    name = image.text("name")
    last = name.rpartition("/")[2]
    if name and "@" not in last and (":" not in last or last.endswith(":latest")):
        yield f"{name} is whatever was pushed last"


@rule.each(
    CONTAINER,
    "services-no-log-rotation",
    title="Logs rotate",
    symptom="disk full: `no space left on device`",
    fix="set logOpts max-size and max-file",
    severity="medium",
    remedy=puts(logDriver="json-file", logOpts={"max-size": "10m", "max-file": "3"}),
)
def no_log_rotation(container: Resource) -> Iterator[str]:
    if container.text("logDriver") in ("journald", "syslog", "none", "local", "fluentd"):
        return
    options = container.get("logOpts")
    if not isinstance(options, dict) or not options.get("max-size"):
        yield f"{container_name(container)} writes logs without rotation"


@rule.each(
    CONTAINER,
    "services-privileged",
    title="No privileged container",
    symptom="a hole in one service is a hole in the host",
    fix="remove privileged and added capabilities",
    severity="critical",
)
def privileged(container: Resource) -> Iterator[str]:
    if container.get("privileged") is True:
        yield f"{container_name(container)} is privileged"
    for name in container.items("capabilities", "adds"):
        if str(name).upper().removeprefix("CAP_") in ("ALL", "SYS_ADMIN", "SYS_PTRACE", "SYS_MODULE", "NET_ADMIN"):
            yield f"{container_name(container)} has capability {name}"


@rule.each(
    CONTAINER,
    "services-docker-socket",
    title="The host stays outside",
    symptom="a hole in one service is root on the host",
    fix="remove the mount",
    severity="critical",
)
def docker_socket(container: Resource) -> Iterator[str]:
    sources = [mount.get("source") for mount in container.maps("mounts")] + [
        v.get("hostPath") for v in container.maps("volumes")
    ]
    for source in sources:
        if isinstance(source, str) and (
            source.endswith("docker.sock") or source in ("/", "/etc", "/root", "/var/run", "/run")
        ):
            yield f"{container_name(container)} mounts {source} of the host"
