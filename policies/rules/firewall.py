"""Firewall: what must be open, what must not, and in which order (guide, Issue 1)."""

from __future__ import annotations

from collections.abc import Iterator

from mech_infra.catalogue import SERVICE_PORTS
from policies.family import Family
from policies.model import CONTAINER, GROUP_RULE, INSTANCE, RECORD, UNKNOWN, Finding, Resource, Stack, each
from policies.reading import origin
from policies.reading.containers import DATABASE_PORTS, is_loopback, published
from policies.reading.ufw import covers, ranges, ufw

rule = Family("firewall")
_ALLOWED = [range(22, 23), range(80, 81), range(443, 444), SERVICE_PORTS]
_KEY = "mech:firewall"
_WEB = (80, 443)


@rule(
    "firewall-http-closed",
    title="80 and 443 are open",
    symptom="522 from the edge on every service",
    fix=f"let {_KEY} allow 80/tcp and 443/tcp",
    severity="critical",
)
def http_closed(stack: Stack) -> Iterator[Finding]:
    found = ufw(stack)
    if found:
        for port in (80, 443):
            if not covers(found.opened, port):
                yield Finding(f"UFW does not allow {port}/tcp", found.resource)


@rule(
    "firewall-ssh-lockout",
    title="SSH is allowed before UFW is enabled",
    symptom="`ssh: connect to host … timed out`, for good",
    fix="allow 22/tcp before `ufw enable` (mech:host.sshFrom)",
    severity="critical",
)
def ssh_lockout(stack: Stack) -> Iterator[Finding]:
    found = ufw(stack)
    if found is None:
        return
    if found.ssh_at is None:
        yield Finding("UFW does not allow 22/tcp", found.resource)
    elif found.enabled_at is not None and found.enabled_at < found.ssh_at:
        yield Finding("UFW is enabled before 22/tcp is allowed", found.resource)


@rule(
    "firewall-ufw-off",
    title="UFW is enabled",
    symptom="every port of the host answers the world",
    fix=f"enable UFW at the end of the firewall command ({_KEY})",
    severity="high",
)
def ufw_off(stack: Stack) -> Iterator[Finding]:
    if not stack.of(INSTANCE):
        return
    found = ufw(stack)
    if found is None:
        yield Finding("no command configures UFW on the host", stack.of(INSTANCE)[0])
    elif found.enabled_at is None:
        yield Finding("UFW is configured and never enabled", found.resource)


@rule(
    "firewall-default-allow",
    title="UFW denies by default",
    symptom="ports that nobody declared answer the world",
    fix="set `ufw default deny incoming`",
    severity="high",
)
def default_allow(stack: Stack) -> Iterator[Finding]:
    found = ufw(stack)
    if found and found.default != "deny":
        said = f"is {found.default}" if found.default else "is not set"
        yield Finding(f"UFW's default for incoming traffic {said}, not deny", found.resource)


@rule(
    "firewall-origin-open",
    title="Nobody reaches the host but by Cloudflare",
    symptom="who knows the host's address goes round Cloudflare's TLS, block list and attack protection",
    fix=f"set {_KEY}.webFrom to cloudflare, and {_KEY}.exposeServicePorts to false",
    severity="medium",
    level="advisory",
)
def origin_open(stack: Stack) -> Iterator[Finding]:
    found = ufw(stack)
    if found is None or not _proxied(stack):
        return
    ports = [
        _show(opened)
        for opened in (*(range(port, port + 1) for port in _WEB), SERVICE_PORTS)
        if origin.everybody(found.sources(opened[0]))
        and (not stack.of(GROUP_RULE) or origin.everybody(origin.group(stack, opened[0])))
    ]
    if ports:
        yield Finding(f"{', '.join(ports)} answer everybody, though the records are proxied", found.resource)


@rule(
    "firewall-edge-shut-out",
    title="All of Cloudflare's ranges are let in",
    symptom="522 from the edge, for some visitors or for all",
    fix=f"let in all ranges of https://www.cloudflare.com/ips, as {_KEY}.webFrom cloudflare does, or everybody",
    severity="critical",
)
def edge_shut_out(stack: Stack) -> Iterator[Finding]:
    found = ufw(stack)
    if not _proxied(stack):
        return
    edge = origin.ranges(stack)
    for port in _WEB:
        if found and (lost := origin.lacking(edge, found.sources(port))):
            yield Finding(f"UFW lets some in at {port}/tcp, and not Cloudflare from {lost}", found.resource)
        if lost := origin.lacking(edge, origin.group(stack, port)):
            first = stack.of(GROUP_RULE)[0]
            yield Finding(f"Vultr's firewall group lets some in at {port}/tcp, and not Cloudflare from {lost}", first)


def _proxied(stack: Stack) -> bool:
    return any(record.get("proxied") is True for record in stack.of(RECORD))


def _show(ports: range) -> str:
    return str(ports[0]) if len(ports) == 1 else f"{ports[0]}:{ports[-1]}"


@rule(
    "firewall-undeclared-port",
    title="Nothing else is open",
    symptom="a port answers the world that the guide keeps closed",
    fix=f"open only 22, 80, 443 and 3001:3010 ({_KEY}.exposeServicePorts)",
    severity="high",
)
def undeclared_port(stack: Stack) -> Iterator[Finding]:
    found = ufw(stack)
    for opened in found.opened if found else []:
        extra = [port for port in (opened[0], opened[-1]) if not covers(_ALLOWED, port)]
        if extra or len(opened) > len(SERVICE_PORTS):
            yield Finding(f"UFW opens {_show(opened)}, which the guide does not", found.resource if found else None)


def _group(stack: Stack) -> list[range]:
    opened = []
    for allowed in stack.of(GROUP_RULE):
        if allowed.text("protocol") == "tcp":
            opened += ranges(str(allowed.get("port", default="")))
    return opened


@rule(
    "firewall-group-differs",
    title="Vultr's group and UFW say the same",
    symptom="522, or connection timed out, though UFW looks right",
    fix="give Vultr's firewall group the same ports as UFW",
    severity="high",
)
def group_differs(stack: Stack) -> Iterator[Finding]:
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


@rule.each(
    INSTANCE,
    "firewall-no-group",
    title="The instance has a firewall group",
    symptom="the host is open to the world until UFW is up",
    fix="set firewallGroupId on the instance",
    severity="medium",
)
def no_group(instance: Resource) -> Iterator[str]:
    if instance.props.get("firewallGroupId") in (None, "") and instance.props.get("firewallGroupId") is not UNKNOWN:
        yield f"instance {instance.name} has no Vultr firewall group"


@rule(
    "firewall-docker-bypass",
    title="Published ports stay behind UFW",
    symptom="a container's port answers the world although UFW denies it",
    fix=f"publish on 127.0.0.1, or declare the port ({_KEY}.exposeServicePorts) and keep the DOCKER-USER guard",
    severity="critical",
)
def docker_bypass(stack: Stack) -> Iterator[Finding]:
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


@rule(
    "firewall-database-open",
    title="Database ports are closed",
    symptom="anybody reads Redis or MongoDB",
    fix="remove 6379 and 27017 from the firewall's rules",
    severity="critical",
)
def database_open(stack: Stack) -> Iterator[Finding]:
    found = ufw(stack)
    for port in DATABASE_PORTS:
        if found and covers(found.opened, port):
            yield Finding(f"UFW opens the database port {port}", found.resource)
    for allowed in stack.of(GROUP_RULE):
        for port in DATABASE_PORTS:
            if covers(ranges(str(allowed.get("port", default=""))), port):
                yield Finding(f"Vultr's firewall group opens the database port {port}", allowed)
