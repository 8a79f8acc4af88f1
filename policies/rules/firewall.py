"""Firewall: what must be open, what must not, and in which order (guide, Issue 1)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from mech_infra.catalogue import SERVICE_PORTS
from policies.family import Family
from policies.model import GROUP_RULE, INSTANCE, UNKNOWN, Finding, Resource, Stack, Unjudged, each
from policies.reading.containers import DATABASE_PORTS, Container, containers, is_private, published
from policies.reading.edge import balanced
from policies.reading.platform import is_platform
from policies.reading.ufw import Host, covers, hosts, opened, ranges, shown, shut, ssh_ports, ufw, who, without
from policies.reading.wanted import comes_from, of_containers, web_ports

rule = Family("firewall")
_ALLOWED = [range(22, 23), range(80, 81), range(443, 444), SERVICE_PORTS]
_KEY = "mech:firewall"
_WEB = (80, 443)
# WireGuard, OpenVPN, IPsec, Tailscale: who has no key gets no answer; and HTTP/3.
_VPN = [range(port, port + 1) for port in (51820, 1194, 500, 4500, 41641, 443)]


@rule(
    "firewall-http-closed",
    title="80 and 443 are open",
    symptom="522 from the edge on every service",
    fix=f"let {_KEY} allow 80/tcp and 443/tcp",
    severity="critical",
)
def http_closed(stack: Stack) -> Iterator[Finding]:
    for host in hosts(stack):
        for port in web_ports(stack, host):
            closed = host.closed(port)
            inner = who(host.sure, port).least
            if closed is None:
                raise Unjudged(f"whether {host.tool} of {host.resource.name} allows {port}/tcp")
            if closed:
                yield Finding(f"{host.tool} does not allow {port}/tcp", host.resource)
            elif not inner.public and not comes_from(stack, host.sources(port)) and not balanced(stack):
                yield Finding(
                    f"{host.tool} lets only {', '.join(inner.words)} reach {port}/tcp, not the edge", host.resource
                )


@rule(
    "firewall-ssh-lockout",
    title="SSH is allowed before UFW is enabled",
    symptom="`ssh: connect to host … timed out`, for good",
    fix="allow 22/tcp before `ufw enable` (mech:host.sshFrom)",
    severity="critical",
)
def ssh_lockout(stack: Stack) -> Iterator[Finding]:
    for host in hosts(stack):
        listening = ssh_ports(host)
        if listening is None:
            continue
        named = "/tcp or ".join(map(str, listening)) + "/tcp"
        moments = [moment for moment in host.moments if moment.sure.enabled]
        shut_out = [moment for moment in moments if shut(moment.sure, moment.every, host.doubts, listening)]
        if not shut_out:
            if any(shut(moment.sure, moment.every, host.doubts, listening) is None for moment in moments):
                raise Unjudged(f"whether {host.tool} of {host.resource.name} allows {named}")
        elif shut(host.sure, host.every, host.doubts, listening):
            yield Finding(f"{host.tool} does not allow {named}", shut_out[-1].resource)
        elif shut_out[0].enabling:
            yield Finding(f"UFW is enabled before {named} is allowed", shut_out[0].resource)
        else:
            yield Finding(f"UFW keeps {named} closed until a later command, which cannot get in", shut_out[0].resource)


@rule(
    "firewall-ufw-off",
    title="UFW is enabled",
    symptom="every port of the host answers the world",
    fix=f"enable UFW at the end of the firewall command ({_KEY})",
    severity="high",
)
def ufw_off(stack: Stack) -> Iterator[Finding]:
    # Elsewhere Vultr's group may be all that a host has.
    bare = [one for one in stack.of(INSTANCE) if is_platform(stack) or one.props.get("firewallGroupId") in (None, "")]
    if bare and not hosts(stack):
        yield Finding("no command configures a firewall on the host", bare[0])
    for host in hosts(stack):
        asked = [resource for resource, said in host.aborted if said.split()[-1] == "enable"]
        if host.disabled is not None:
            yield Finding("UFW is turned off at the end", host.disabled)
        elif host.sure.enabled:
            continue
        elif host.every.enabled or host.doubts:
            raise Unjudged(f"whether {host.resource.name} enables UFW")
        elif asked:
            yield Finding("`ufw enable` asks whether it may, nobody answers, and UFW stays off: use --force", asked[-1])
        elif stack.of(INSTANCE):
            yield Finding("UFW is configured and never enabled", host.resource)


@rule(
    "firewall-default-allow",
    title="UFW denies by default",
    symptom="ports that nobody declared answer the world",
    fix="set `ufw default deny incoming`",
    severity="high",
)
def default_allow(stack: Stack) -> Iterator[Finding]:
    for host in hosts(stack):
        sure, every = (table.defaults["incoming"] for table in (host.sure, host.every))
        if sure != every and "allow" in (sure, every):
            raise Unjudged(f"UFW's default of {host.resource.name}")
        if sure == "allow" and host.tool == "UFW":
            yield Finding("UFW's default for incoming traffic is allow, not deny", host.defaults.get("incoming"))
        elif "incoming" not in host.defaults and is_platform(stack):
            yield Finding("UFW's default for incoming traffic is not set, not deny", host.resource)


@rule(
    "firewall-undeclared-port",
    title="Nothing else is open",
    symptom="a port answers the world that the guide keeps closed",
    fix=f"open only 22, 80, 443 and 3001:3010 ({_KEY}.exposeServicePorts)",
    severity="high",
)
def undeclared_port(stack: Stack) -> Iterator[Finding]:
    for host in hosts(stack):
        if host.disabled is not None:
            continue
        declared = [*_ALLOWED, *(range(port, port + 1) for port in (*(ssh_ports(host) or ()), *of_containers(stack)))]
        known = {"tcp": declared, "udp": declared if is_platform(stack) else [*declared, *_VPN]}
        found: dict[range, str] = {}
        possible = any(" delete " not in said for said in host.unclear)
        for v6, proto in itertools.product((False, True), ("tcp", "udp")):
            every = opened(host.every, proto, v6, everybody=True)
            for extra in without(opened(host.sure, proto, v6, everybody=True), known[proto]):
                if all(covers(every, port) for port in (extra[0], extra[-1])):
                    found.setdefault(extra, f"{'/udp' * (proto == 'udp')}{' to IPv6' * v6}")
            possible |= bool(without(opened(host.every, proto, v6, sure=False, everybody=True), known[proto]))
        if found:
            what = ", ".join(f"{shown(extra)}{kind}" for extra, kind in found.items())
            yield Finding(f"{host.tool} opens {what}, which the guide does not", host.resource)
        elif possible:
            raise Unjudged(f"which ports {host.tool} of {host.resource.name} opens")


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
    if found is None or not stack.of(GROUP_RULE) or found.disabled is not None:
        return
    group = _group(stack)
    first = stack.of(GROUP_RULE)[0]
    for part in without(found.opened, group):
        if not covers(opened(found.every), part[0]):
            raise Unjudged(f"which ports {found.tool} of {found.resource.name} opens")
        yield Finding(f"{found.tool} opens {shown(part)}, Vultr's firewall group keeps it closed", first)
    for part in without(group, found.opened):
        if found.doubts or covers(opened(found.every, sure=False), part[0]) or who(found.sure, part[0]).most.everybody:
            raise Unjudged(f"which ports {found.tool} of {found.resource.name} opens")
        yield Finding(f"Vultr's firewall group opens {shown(part)}, {found.tool} keeps it closed", first)


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
    there = containers(stack)
    walls = hosts(stack) if there else []
    if not walls and not is_platform(stack):
        return  # nothing says what is to be closed

    def judge(container: Resource) -> Iterator[str]:
        found = _before(container, walls)
        if found is None and not is_platform(stack):
            return
        for address, port, _ in published(container):
            if is_private(address) or not isinstance(container, Container) or container.once:
                continue
            opened = found is not None and covers(found.opened, port)
            if found is None or found.guarded is None:
                if not opened or container.mech:
                    tool = found.tool if found else "UFW"
                    yield f"{container.label} publishes {port} on {address}, and nothing keeps Docker behind {tool}"
            elif container.mech and not (covers(found.guarded, port) and opened):
                yield f"{container.label} publishes {port} on {address}, which the declared rules do not open"

    yield from each(there, judge)


def _before(container: Resource, walls: list[Host]) -> Host | None:
    """The firewall of the host on which a container is made; of the first host where nobody says which that is."""
    name = container.host if isinstance(container, Container) else ""
    if isinstance(name, str) and name and all(host.name for host in walls):
        return next((host for host in walls if host.name == name), None)
    return walls[0] if walls else None


@rule(
    "firewall-database-open",
    title="Database ports are closed",
    symptom="anybody reads Redis or MongoDB",
    fix="remove 6379 and 27017 from the firewall's rules",
    severity="critical",
)
def database_open(stack: Stack) -> Iterator[Finding]:
    for host in hosts(stack):
        for port in DATABASE_PORTS if host.disabled is None else ():
            said = [host.everybody(port, v6=v6) for v6 in (False, True)]
            if True in said:
                where = "" if said[0] else " to IPv6"
                yield Finding(f"{host.tool} opens the database port {port}{where}", host.resource)
            elif None in said:
                raise Unjudged(f"whether {host.tool} of {host.resource.name} opens {port}")
    for allowed in stack.of(GROUP_RULE):
        for port in DATABASE_PORTS:
            if covers(ranges(str(allowed.get("port", default=""))), port):
                yield Finding(f"Vultr's firewall group opens the database port {port}", allowed)
