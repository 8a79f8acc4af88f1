"""Services' ports: each once, published where the service listens, where nginx passes to (guide, Port Binding)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.family import Family
from policies.model import CONTAINER, UNKNOWN, Finding, Resource, Stack, Unjudged
from policies.reading.containers import container_name, environment, is_loopback, published
from policies.reading.nginx import nginx

rule = Family("services")


@rule(
    "services-port-collision",
    title="Each port once",
    symptom="`port is already allocated`, the container does not start",
    fix="give each service its own port (mech:services.NAME.port)",
    severity="critical",
)
def port_collision(stack: Stack) -> Iterator[Finding]:
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


@rule.each(
    CONTAINER,
    "services-port-mismatch",
    title="Published where it listens",
    symptom="502 from nginx, connection refused on the port",
    fix="publish the port that PORT names (mech:services.NAME.port)",
    severity="critical",
)
def port_mismatch(container: Resource) -> Iterator[str]:
    port = environment(container).get("PORT")
    ports = [entry.get("internal") for entry in container.maps("ports")]
    if port and ports and UNKNOWN not in ports and port.isdecimal() and int(port) not in ports:
        yield f"{container_name(container)} listens on {port}, but {', '.join(map(str, ports))} is published"


@rule(
    "services-upstream-port",
    title="nginx's upstreams are published",
    symptom="502 Bad Gateway for the service",
    fix="let nginx pass to the port that the container publishes (mech:services.NAME.port)",
    severity="critical",
)
def upstream_port(stack: Stack) -> Iterator[Finding]:
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
