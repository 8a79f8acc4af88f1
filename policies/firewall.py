"""Firewall: what must be open, what must not, and in which order (guide, Issue 1)."""

from __future__ import annotations

from collections.abc import Iterator

from mech_infra.catalogue import SERVICE_PORTS
from policies.model import CONTAINER, GROUP_RULE, INSTANCE, Finding, Resource, Rule, Stack, each
from policies.reading import DATABASE_PORTS, covers, is_loopback, published, ranges, ufw

_ALLOWED = [range(22, 23), range(80, 81), range(443, 444), SERVICE_PORTS]
_KEY = "mech:firewall"


def _http_open(stack: Stack) -> Iterator[Finding]:
    found = ufw(stack)
    if found:
        for port in (80, 443):
            if not covers(found.opened, port):
                yield Finding(f"UFW does not allow {port}/tcp", found.resource)


def _ssh_first(stack: Stack) -> Iterator[Finding]:
    found = ufw(stack)
    if found is None:
        return
    if found.ssh_at is None:
        yield Finding("UFW does not allow 22/tcp", found.resource)
    elif found.enabled_at is not None and found.enabled_at < found.ssh_at:
        yield Finding("UFW is enabled before 22/tcp is allowed", found.resource)


def _enabled(stack: Stack) -> Iterator[Finding]:
    if not stack.of(INSTANCE):
        return
    found = ufw(stack)
    if found is None:
        yield Finding("no command configures UFW on the host", stack.of(INSTANCE)[0])
    elif found.enabled_at is None:
        yield Finding("UFW is configured and never enabled", found.resource)


def _default_deny(stack: Stack) -> Iterator[Finding]:
    found = ufw(stack)
    if found and found.default != "deny":
        said = f"is {found.default}" if found.default else "is not set"
        yield Finding(f"UFW's default for incoming traffic {said}, not deny", found.resource)


def _nothing_else(stack: Stack) -> Iterator[Finding]:
    found = ufw(stack)
    for opened in found.opened if found else []:
        extra = [port for port in (opened[0], opened[-1]) if not covers(_ALLOWED, port)]
        if extra or len(opened) > len(SERVICE_PORTS):
            yield Finding(f"UFW opens {_show(opened)}, which the guide does not", found.resource if found else None)


def _show(ports: range) -> str:
    return str(ports[0]) if len(ports) == 1 else f"{ports[0]}:{ports[-1]}"


def _group(stack: Stack) -> list[range]:
    opened = []
    for rule in stack.of(GROUP_RULE):
        if rule.text("protocol") == "tcp":
            opened += ranges(str(rule.get("port", default="")))
    return opened


def _group_and_ufw_agree(stack: Stack) -> Iterator[Finding]:
    found = ufw(stack)
    if found is None or not stack.of(GROUP_RULE):
        return
    group = _group(stack)
    first = stack.of(GROUP_RULE)[0]
    for opened in found.opened:
        if not (covers(group, opened[0]) and covers(group, opened[-1])):
            yield Finding(f"UFW opens {_show(opened)}, Vultr's firewall group keeps it closed", first)
    for opened in group:
        if not (covers(found.opened, opened[0]) and covers(found.opened, opened[-1])):
            yield Finding(f"Vultr's firewall group opens {_show(opened)}, UFW keeps it closed", first)


def _has_group(instance: Resource) -> Iterator[str]:
    from policies.model import UNKNOWN

    if instance.props.get("firewallGroupId") in (None, "") and instance.props.get("firewallGroupId") is not UNKNOWN:
        yield f"instance {instance.name} has no Vultr firewall group"


def _published(stack: Stack) -> Iterator[Finding]:
    containers = stack.of(CONTAINER)
    found = ufw(stack) if containers else None

    def judge(container: Resource) -> Iterator[str]:
        for address, port, _ in published(container):
            if is_loopback(address):
                continue
            if found is None or found.guarded is None:
                yield f"{container.name} publishes {port} on {address}, and nothing keeps Docker behind UFW"
            elif not (covers(found.guarded, port) and covers(found.opened, port)):
                yield f"{container.name} publishes {port} on {address}, which the declared rules do not open"

    yield from each(containers, judge)


def _databases_closed(stack: Stack) -> Iterator[Finding]:
    found = ufw(stack)
    for port in DATABASE_PORTS:
        if found and covers(found.opened, port):
            yield Finding(f"UFW opens the database port {port}", found.resource)
    for rule in stack.of(GROUP_RULE):
        for port in DATABASE_PORTS:
            if covers(ranges(str(rule.get("port", default=""))), port):
                yield Finding(f"Vultr's firewall group opens the database port {port}", rule)


RULES = [
    Rule("firewall-http-closed", "firewall", "80 and 443 are open", "522 from the edge on every service",
         f"let {_KEY} allow 80/tcp and 443/tcp", "critical", judge_stack=_http_open),
    Rule("firewall-ssh-lockout", "firewall", "SSH is allowed before UFW is enabled", "`ssh: connect to host … timed out`, for good",
         "allow 22/tcp before `ufw enable` (mech:host.sshFrom)", "critical", judge_stack=_ssh_first),
    Rule("firewall-ufw-off", "firewall", "UFW is enabled", "every port of the host answers the world",
         f"enable UFW at the end of the firewall command ({_KEY})", "high", judge_stack=_enabled),
    Rule("firewall-default-allow", "firewall", "UFW denies by default", "ports that nobody declared answer the world",
         "set `ufw default deny incoming`", "high", judge_stack=_default_deny),
    Rule("firewall-undeclared-port", "firewall", "Nothing else is open", "a port answers the world that the guide keeps closed",
         f"open only 22, 80, 443 and 3001:3010 ({_KEY}.exposeServicePorts)", "high", judge_stack=_nothing_else),
    Rule("firewall-group-differs", "firewall", "Vultr's group and UFW say the same", "522, or connection timed out, though UFW looks right",
         "give Vultr's firewall group the same ports as UFW", "high", judge_stack=_group_and_ufw_agree),
    Rule("firewall-no-group", "firewall", "The instance has a firewall group", "the host is open to the world until UFW is up",
         "set firewallGroupId on the instance", "medium", type=INSTANCE, judge_one=_has_group),
    Rule("firewall-docker-bypass", "firewall", "Published ports stay behind UFW", "a container's port answers the world although UFW denies it",
         f"publish on 127.0.0.1, or declare the port ({_KEY}.exposeServicePorts) and keep the DOCKER-USER guard", "critical",
         judge_stack=_published),
    Rule("firewall-database-open", "firewall", "Database ports are closed", "anybody reads Redis or MongoDB",
         "remove 6379 and 27017 from the firewall's rules", "critical", judge_stack=_databases_closed),
]  # fmt: skip
