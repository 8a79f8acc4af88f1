"""Services: keys, ports, limits, health, logs (guide, Service-Specific Issues, Port Binding, Performance)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from mech_infra.catalogue import SECRETS, SERVICES
from policies.model import (
    CONTAINER,
    IMAGE,
    INSTANCE,
    UNKNOWN,
    Finding,
    Resource,
    Rule,
    Stack,
    Unjudged,
    each,
)
from policies.reading import (
    container_name,
    environment,
    environment_is_partial,
    is_loopback,
    nginx,
    published,
)  # fmt: skip

_PLACEHOLDER = re.compile(
    r"^(|x+|\.+|<.*>|\$\{?\w*\}?|change-?me|todo|tbd|none|null|your[-_ ].*|placeholder.*|example|secret|sk-…|replace.*)$",
    re.I,
)
_PLAN = re.compile(r"-(\d+)c-(\d+)gb")


def _service(container: Resource) -> str | None:
    """Which service of the catalogue a container is."""
    name = environment(container).get("SERVICE_NAME")
    if name in SERVICES:
        return name
    for service in SERVICES.values():
        if re.fullmatch(rf"{re.escape(service.container_name)}(-\d+)?", container_name(container)):
            return service.name
    return None


def _keys_there(container: Resource) -> Iterator[str]:
    service = _service(container)
    if service is None:
        return
    there = environment(container)
    missing = [key for key in SERVICES[service].secrets if key not in there]
    if missing and environment_is_partial(container):
        raise Unjudged(f"{container.name}.envs")
    for key in missing:
        yield f"{container_name(container)} has no {key}"
    for key in SERVICES[service].secrets:
        if key in there and _PLACEHOLDER.match(there[key].strip()):
            yield f"{container_name(container)} has {key} empty or as a placeholder"


def _keys_look_right(container: Resource) -> Iterator[str]:
    for key, value in environment(container).items():
        secret = SECRETS.get(key)
        if secret and not _PLACEHOLDER.match(value.strip()) and not re.fullmatch(secret.pattern, value):
            yield f"{container_name(container)}: {key} does not look like one ({secret.looks_like})"


def _keys_elsewhere(container: Resource) -> Iterator[str]:
    service = _service(container)
    if service is None:
        return
    for key in SECRETS:
        if key in environment(container) and key not in SERVICES[service].secrets:
            yield f"{container_name(container)} has {key}, which belongs to another service"


def _no_keys_in_commands(stack: Stack) -> Iterator[Finding]:
    patterns = [re.compile(rf"(?<![A-Za-z0-9_-]){secret.pattern}(?![A-Za-z0-9])")
                for secret in SECRETS.values() if not secret.pattern.startswith("[0-9a-f]")]  # fmt: skip

    def judge(command: Resource) -> Iterator[str]:
        texts = [command.text("create"), command.text("update"), command.text("delete")]
        environment_ = command.get("environment")
        texts += [v for v in environment_.values() if isinstance(v, str)] if isinstance(environment_, dict) else []
        if any(pattern.search(text) for pattern in patterns for text in texts):
            yield f"{command.name} has a vendor's key in its command text"

    yield from each(stack.commands(), judge)


def _ports(stack: Stack) -> Iterator[Finding]:
    taken: dict[tuple[int, str], list[tuple[str, Resource]]] = {}
    unknown: list[str] = []
    for container in stack.of(CONTAINER):
        try:
            for address, port, protocol in published(container):
                for other, owner in taken.get((port, protocol), []):
                    both = address == other or "0.0.0.0" in (address, other) or "::" in (address, other)  # noqa: S104
                    if both:
                        yield Finding(
                            f"{container_name(container)} and {container_name(owner)} both publish {port}/{protocol}",
                            container,
                        )
                taken.setdefault((port, protocol), []).append((address, container))
                if port in (22, 80, 443) and protocol == "tcp":
                    yield Finding(f"{container_name(container)} publishes {port}, which belongs to the host", container)
        except Unjudged as what:
            unknown.append(str(what))
    if unknown:
        raise Unjudged(", ".join(unknown))


def _listens_where_published(container: Resource) -> Iterator[str]:
    port = environment(container).get("PORT")
    ports = [entry.get("internal") for entry in container.maps("ports")]
    if port and ports and UNKNOWN not in ports and port.isdecimal() and int(port) not in ports:
        yield f"{container_name(container)} listens on {port}, but {', '.join(map(str, ports))} is published"


def _upstreams(stack: Stack) -> Iterator[Finding]:
    proxy = nginx(stack)
    if proxy is None or not stack.of(CONTAINER):
        return
    there = {
        port for container in stack.of(CONTAINER) for address, port, _ in published(container)
        if is_loopback(address) or address in ("0.0.0.0", "::")  # noqa: S104
    }  # fmt: skip
    for choice in proxy.upstreams:
        # Of several slots one is enough: which one serves is decided on the host.
        missing = min((ports - there for ports in choice), key=len)
        for port in sorted(missing):
            yield Finding(f"nginx passes requests to 127.0.0.1:{port}, where no container is published", proxy.resource)


def _health(container: Resource) -> Iterator[str]:
    tests = container.items("healthcheck", "tests")
    if not tests or tests[0] == "NONE":
        yield f"{container_name(container)} has no health check"


def _restart(container: Resource) -> Iterator[str]:
    if container.text("restart") not in ("always", "unless-stopped"):
        yield f"{container_name(container)} has restart policy {container.text('restart') or 'no'}"


def _memory(container: Resource) -> Iterator[str]:
    if not (container.number("memory") or 0) > 0:
        yield f"{container_name(container)} has no memory limit"


def _swap(container: Resource) -> Iterator[str]:
    memory, swap = container.number("memory") or 0, container.number("memorySwap")
    if memory > 0 and swap is None:
        yield f"{container_name(container)} has memory without memorySwap"
    elif memory > 0 and swap is not None and swap != memory:
        yield f"{container_name(container)} may swap: memory {memory:g}, memorySwap {swap:g}"


def _cpu(container: Resource) -> Iterator[str]:
    cpus = container.number("cpus") or 0
    if not cpus > 0 and not (container.number("cpuShares") or 0) > 0:
        yield f"{container_name(container)} has no CPU limit"


def _sum(stack: Stack) -> Iterator[Finding]:
    for instance in stack.of(INSTANCE):
        plan = _PLAN.search(instance.text("plan"))
        if plan:
            whole = int(plan[2]) * 1024
            used = sum(container.number("memory") or 0 for container in stack.of(CONTAINER))
            if used > whole:
                yield Finding(
                    f"containers may use {used:g} MB together, plan {instance.text('plan')} has {whole}", instance
                )


def _latest(image: Resource) -> Iterator[str]:
    name = image.text("name")
    last = name.rpartition("/")[2]
    if name and "@" not in last and (":" not in last or last.endswith(":latest")):
        yield f"{name} is whatever was pushed last"


def _logs(container: Resource) -> Iterator[str]:
    if container.text("logDriver") in ("journald", "syslog", "none", "local", "fluentd"):
        return
    options = container.get("logOpts")
    if not isinstance(options, dict) or not options.get("max-size"):
        yield f"{container_name(container)} writes logs without rotation"


def _rotate(props: dict[str, Any]) -> dict[str, Any]:
    return {**props, "logDriver": "json-file", "logOpts": {"max-size": "10m", "max-file": "3"}}


def _privileged(container: Resource) -> Iterator[str]:
    if container.get("privileged") is True:
        yield f"{container_name(container)} is privileged"
    for name in container.items("capabilities", "adds"):
        if str(name).upper().removeprefix("CAP_") in ("ALL", "SYS_ADMIN", "SYS_PTRACE", "SYS_MODULE", "NET_ADMIN"):
            yield f"{container_name(container)} has capability {name}"


def _socket(container: Resource) -> Iterator[str]:
    sources = [mount.get("source") for mount in container.maps("mounts")] + [
        v.get("hostPath") for v in container.maps("volumes")
    ]
    for source in sources:
        if isinstance(source, str) and (
            source.endswith("docker.sock") or source in ("/", "/etc", "/root", "/var/run", "/run")
        ):
            yield f"{container_name(container)} mounts {source} of the host"


_ENV = "`Error: Missing OPENAI_API_KEY`, `Error: Bad credentials`, `Error: Access Denied`"
RULES = [
    Rule("services-key-missing", "services", "Every service has its keys", _ENV,
         "pulumi config set --secret mech:KEY", "critical", type=CONTAINER, judge_one=_keys_there),
    Rule("services-key-malformed", "services", "Keys look like keys", "`Error: Invalid API key provided`",
         "set the right value: pulumi config set --secret mech:KEY", "high", type=CONTAINER, judge_one=_keys_look_right),
    Rule("services-key-elsewhere", "services", "Keys only where they belong", "a key leaks through a service that never needed it",
         "give the key only to the services of the catalogue that need it", "medium", type=CONTAINER, judge_one=_keys_elsewhere),
    Rule("services-key-in-command", "services", "No key in a command's text", "the key stands in process lists, logs and the state",
         "pass it as a secret on stdin", "critical", judge_stack=_no_keys_in_commands),
    Rule("services-port-collision", "services", "Each port once", "`port is already allocated`, the container does not start",
         "give each service its own port (mech:services.NAME.port)", "critical", judge_stack=_ports),
    Rule("services-port-mismatch", "services", "Published where it listens", "502 from nginx, connection refused on the port",
         "publish the port that PORT names (mech:services.NAME.port)", "critical", type=CONTAINER, judge_one=_listens_where_published),
    Rule("services-upstream-port", "services", "nginx's upstreams are published", "502 Bad Gateway for the service",
         "let nginx pass to the port that the container publishes (mech:services.NAME.port)", "critical", judge_stack=_upstreams),
    Rule("services-no-health", "services", "A health check each", "a hanging service that `docker ps` shows as Up",
         "set healthcheck on the container", "medium", type=CONTAINER, judge_one=_health),
    Rule("services-no-restart", "services", "Containers come back", "the service is gone after a crash or a reboot",
         "set restart to unless-stopped", "high", type=CONTAINER, judge_one=_restart,
         remedy=lambda props: {**props, "restart": "unless-stopped"}),
    Rule("services-no-memory-limit", "services", "A memory limit each", "one service takes all memory, the kernel kills another",
         "set mech:services.NAME.memoryMb", "high", type=CONTAINER, judge_one=_memory),
    Rule("services-swap", "services", "memorySwap equals memory", "a preview that is never clean; a limit that does not hold",
         "set memorySwap to the value of memory", "low", level="advisory", type=CONTAINER, judge_one=_swap),
    Rule("services-no-cpu-limit", "services", "A CPU limit each", "high CPU of one service slows all (guide, Performance)",
         "set mech:services.NAME.cpus", "medium", type=CONTAINER, judge_one=_cpu),
    Rule("services-over-plan", "services", "Limits fit the plan", "OOM kills under load, though every limit is kept",
         "lower mech:services.NAME.memoryMb or take a larger mech:host.plan", "high", judge_stack=_sum),
    Rule("services-latest-image", "services", "Images have a version", "two hosts run two versions; no way back",
         "name a version in mech:services.NAME.image", "low", level="advisory", type=IMAGE, judge_one=_latest),
    Rule("services-no-log-rotation", "services", "Logs rotate", "disk full: `no space left on device`",
         "set logOpts max-size and max-file", "medium", type=CONTAINER, judge_one=_logs, remedy=_rotate),
    Rule("services-privileged", "services", "No privileged container", "a hole in one service is a hole in the host",
         "remove privileged and added capabilities", "critical", type=CONTAINER, judge_one=_privileged),
    Rule("services-docker-socket", "services", "The host stays outside", "a hole in one service is root on the host",
         "remove the mount", "critical", type=CONTAINER, judge_one=_socket),
]  # fmt: skip
