"""Services' ports: each once, published where the service listens, where nginx passes to (guide, Port Binding)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.family import Family
from policies.model import INSTANCE, UNKNOWN, Finding, Stack, Unjudged
from policies.reading.containers import Container, containers, environment, is_loopback, published
from policies.reading.nginx import nginx
from policies.reading.platform import is_platform

rule = Family("services")


@rule(
    "services-port-collision",
    title="Each port once",
    symptom="`port is already allocated`, the container does not start",
    fix="give each service its own port (mech:services.NAME.port)",
    severity="critical",
)
def port_collision(stack: Stack) -> Iterator[Finding]:
    taken: dict[tuple[int, str], list[tuple[str, Container]]] = {}
    unknown: list[str] = []
    hosts = len(stack.of(INSTANCE))
    # 80 and 443 are nginx' where there is one on the host; 22 is sshd's.
    proxy = nginx(stack)
    reserved = (22, 80, 443) if (proxy and proxy.container is None) or is_platform(stack) else (22,)
    for container in containers(stack):
        try:
            for address, port, protocol in published(container) if not container.once else ():
                for other, owner in taken.get((port, protocol), []):
                    both = address == other or "0.0.0.0" in (address, other) or "::" in (address, other)  # noqa: S104
                    if both and _same_host(container, owner, hosts):
                        yield Finding(f"{container.label} and {owner.label} both publish {port}/{protocol}", container)
                taken.setdefault((port, protocol), []).append((address, container))
                if port in reserved and protocol == "tcp" and not _elsewhere(address):
                    yield Finding(f"{container.label} publishes {port}, which belongs to the host", container)
        except Unjudged as what:
            unknown.append(str(what))
    if unknown:
        raise Unjudged(", ".join(unknown))


def _elsewhere(address: str) -> bool:
    """Whether it is an address of its own, beside which the host's programs keep theirs."""
    return address not in ("0.0.0.0", "::") and not is_loopback(address)  # noqa: S104


def _same_host(one: Container, other: Container, hosts: int) -> bool:
    if one.host is UNKNOWN or other.host is UNKNOWN:
        return hosts < 2
    return one.host == other.host or ("" in (one.host, other.host) and hosts < 2)


@rule.containers(
    "services-port-mismatch",
    title="Published where it listens",
    symptom="502 from nginx, connection refused on the port",
    fix="publish the port that PORT names (mech:services.NAME.port)",
    severity="critical",
)
def port_mismatch(container: Container) -> Iterator[str]:
    port = environment(container).get("PORT")
    ports = [entry.get("internal") for entry in container.maps("ports")]
    if port and ports and UNKNOWN not in ports and port.isdecimal() and int(port) not in ports:
        yield f"{container.label} listens on {port}, but {', '.join(map(str, ports))} is published"


@rule.containers(
    "services-publish-all",
    title="Ports are published one by one",
    symptom="ports that nobody named answer the world, each time on another number",
    fix="remove publishAllPorts (-P), and publish the ports that are needed on 127.0.0.1",
    severity="high",
    cis=["5.9"],
)
def publish_all(container: Container) -> Iterator[str]:
    if container.get("publishAllPorts") is True and not container.once:
        yield f"{container.label} publishes every port that its image names"


@rule(
    "services-upstream-port",
    title="nginx's upstreams are published",
    symptom="502 Bad Gateway for the service",
    fix="let nginx pass to the port that the container publishes (mech:services.NAME.port)",
    severity="critical",
)
def upstream_port(stack: Stack) -> Iterator[Finding]:
    proxy = nginx(stack)
    if proxy is None:
        return
    names = {one.label for one in containers(stack) if one.sure} if proxy.container is None else set()
    for passing, host in proxy.named_upstreams:
        if host in names:
            yield Finding(
                f"nginx passes requests to {host}: the host does not know the names of containers", proxy.owner(passing)
            )
    if not is_platform(stack):
        return
    there = {
        port for container in containers(stack) for address, port, _ in published(container)
        if is_loopback(address) or address in ("0.0.0.0", "::")  # noqa: S104
    }  # fmt: skip
    for choice in proxy.upstreams:
        # Of several slots one is enough: which one serves is decided on the host.
        missing = min((ports - there for ports in choice), key=len)
        for port in sorted(missing):
            yield Finding(f"nginx passes requests to 127.0.0.1:{port}, where no container is published", proxy.resource)
