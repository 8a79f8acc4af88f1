"""Services' containers: health, restart, limits, images, logs (guide, Performance). What is missing is judged of the platform
alone: which limits another's containers need is theirs to say."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.family import Family, puts
from policies.model import IMAGE, INSTANCE, UNKNOWN, Finding, Stack, Unjudged
from policies.reading.containers import Container, containers, view

rule = Family("services")
_PLAN = re.compile(r"-(\d+)c-(\d+)gb")


def _serves(container: Container) -> bool:
    """Whether it is a service of the platform, of which it is known what it needs."""
    return container.mech and not container.once


@rule.containers(
    "services-no-health",
    title="A health check each",
    symptom="a hanging service that `docker ps` shows as Up",
    fix="set healthcheck on the container",
    severity="medium",
    cis=["5.27"],
)
def no_health(container: Container) -> Iterator[str]:
    tests = container.items("healthcheck", "tests")
    if _serves(container) and (not tests or tests[0] == "NONE"):
        yield f"{container.label} has no health check"


@rule.containers(
    "services-no-restart",
    title="Containers come back",
    symptom="the service is gone after a crash or a reboot",
    fix="set restart to unless-stopped",
    severity="high",
    remedy=puts(restart="unless-stopped"),
)
def no_restart(container: Container) -> Iterator[str]:
    if _serves(container) and container.text("restart") not in ("always", "unless-stopped"):
        yield f"{container.label} has restart policy {container.text('restart') or 'no'}"


@rule.containers(
    "services-no-memory-limit",
    title="A memory limit each",
    symptom="one service takes all memory, the kernel kills another",
    fix="set mech:services.NAME.memoryMb",
    severity="high",
    cis=["5.11"],
)
def no_memory_limit(container: Container) -> Iterator[str]:
    if _serves(container) and not (container.number("memory") or 0) > 0:
        yield f"{container.label} has no memory limit"


@rule.containers(
    "services-swap",
    title="memorySwap equals memory",
    symptom="a preview that is never clean; a limit that does not hold",
    fix="set memorySwap to the value of memory",
    severity="low",
    level="advisory",
)
def swap(container: Container) -> Iterator[str]:
    if container.how == "docker.Service":
        return  # a swarm's service has no such limit
    memory, both = container.number("memory") or 0, container.number("memorySwap")
    if memory > 0 and both is None and _serves(container) and container.how != "docker.Service":
        yield f"{container.label} has memory without memorySwap"
    elif memory > 0 and both is not None and both != memory:
        yield f"{container.label} may swap: memory {memory:g}, memorySwap {both:g}"


@rule.containers(
    "services-no-cpu-limit",
    title="A CPU limit each",
    symptom="high CPU of one service slows all (guide, Performance)",
    fix="set mech:services.NAME.cpus",
    severity="medium",
    cis=["5.12"],
)
def no_cpu_limit(container: Container) -> Iterator[str]:
    limits = (container.number(key) or 0 for key in ("cpus", "cpuShares", "cpuQuota"))
    if _serves(container) and not container.text("cpuSet") and not any(limit > 0 for limit in limits):
        yield f"{container.label} has no CPU limit"


@rule(
    "services-over-plan",
    title="Limits fit the plan",
    symptom="OOM kills under load, though every limit is kept",
    fix="lower mech:services.NAME.memoryMb or take a larger mech:host.plan",
    severity="high",
)
def over_plan(stack: Stack) -> Iterator[Finding]:
    # With several hosts it is not known which container is whose.
    for instance in stack.of(INSTANCE) if len(stack.of(INSTANCE)) == 1 else ():
        plan = _PLAN.search(instance.text("plan"))
        if plan:
            whole = int(plan[2]) * 1024
            used = sum(
                (c.number("memory") or 0) * (c.number("replicas") or 1)
                for c in containers(stack)
                if c.sure and not c.once
            )
            if used > whole:
                yield Finding(
                    f"containers may use {used:g} MB together, plan {instance.text('plan')} has {whole}", instance
                )


@rule(
    "services-latest-image",
    title="Images have a version",
    symptom="two hosts run two versions; no way back",
    fix="name a version in mech:services.NAME.image",
    severity="low",
    level="advisory",
    cis=["5.28"],
)
def latest_image(stack: Stack) -> Iterator[Finding]:
    unknown = [image.name for image in stack.of(IMAGE) if image.props.get("name") is UNKNOWN]
    named = [(image.props.get("name"), image) for image in stack.of(IMAGE)]
    # An image by its id is one that the program declares.
    named += [(one.image, one) for one in containers(stack) if not one.once and not one.image.startswith("sha256:")]
    for name, resource in named:
        if isinstance(name, str) and name and _moves(name):
            yield Finding(f"{name} is whatever was pushed last", resource)
    if unknown:
        raise Unjudged(", ".join(unknown))


def _moves(image: str) -> bool:
    last = image.rpartition("/")[2]
    return "@" not in last and (":" not in last or last.endswith(":latest"))


@rule.containers(
    "services-no-log-rotation",
    title="Logs rotate",
    symptom="disk full: `no space left on device`",
    fix="set logOpts max-size and max-file",
    severity="medium",
    remedy=puts(logDriver="json-file", logOpts={"max-size": "10m", "max-file": "3"}),
)
def no_log_rotation(container: Container) -> Iterator[str]:
    if container.text("logDriver") in ("journald", "syslog", "none", "local", "fluentd"):
        return
    options = container.get("logOpts")
    if _serves(container) and (not isinstance(options, dict) or not options.get("max-size")):
        yield f"{container.label} writes logs without rotation"


@rule(
    "services-compose-invalid",
    title="Compose takes its files",
    symptom="`docker compose up` ends with an error, and no service is made",
    fix="try it with `docker compose -f FILE config --quiet`",
    severity="high",
)
def compose_invalid(stack: Stack) -> Iterator[Finding]:
    found = view(stack)
    for resource, why in found.invalid:
        yield Finding(f"{resource.name} brings up a compose file that Compose refuses: {why}", resource)
    if found.unread:
        raise Unjudged(", ".join(found.unread))
