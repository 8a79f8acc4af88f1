"""Network: every container on mech-network, every name that a service uses answered there (guide, Issue 2)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mech_infra.catalogue import NETWORK_NAME
from policies.family import Family, puts
from policies.model import CONTAINER, NETWORK, UNKNOWN, Finding, Resource, Stack, Unjudged, each
from policies.reading.containers import container_name, environment, names_on_network
from policies.reading.nginx import nginx

rule = Family("network")
_HOST = re.compile(r"^(?:redis|rediss|mongodb|http|https)://(?:[^@/]*@)?([A-Za-z0-9._-]+)")
_SYMPTOM = "`Error: Could not connect to Redis at redis:6379`, getaddrinfo ENOTFOUND"


@rule.each(
    CONTAINER,
    "network-container-outside",
    title="Every container is on mech-network",
    symptom=_SYMPTOM,
    fix="attach the container to mech-network (networksAdvanced)",
    severity="critical",
    remedy=puts(networksAdvanced=[{"name": NETWORK_NAME}]),
)
def container_outside(container: Resource) -> Iterator[str]:
    networks = container.maps("networksAdvanced")
    names = [entry.get("name") for entry in networks]
    if NETWORK_NAME in names:
        return
    if any(name is UNKNOWN for name in names):
        raise Unjudged(f"{container.name}.networksAdvanced")
    said = ", ".join(str(name) for name in names) or "Docker's default network"
    yield f"{container_name(container)} is on {said}, not on {NETWORK_NAME}"


@rule(
    "network-missing",
    title="mech-network exists",
    symptom="services that cannot find each other or their vendors",
    fix="declare a bridge network named mech-network that is not internal",
    severity="critical",
)
def missing(stack: Stack) -> Iterator[Finding]:
    if not stack.of(CONTAINER):
        return
    ours = [n for n in stack.of(NETWORK) if n.props.get("name") in (NETWORK_NAME, UNKNOWN)]
    if not ours:
        others = ", ".join(str(n.props.get("name")) for n in stack.of(NETWORK))
        yield Finding(f"no network is called {NETWORK_NAME}" + (f" (there is {others})" if others else ""))
    for network in ours:
        if network.get("internal") is True:
            yield Finding(f"{NETWORK_NAME} is internal: its containers reach no vendor", network)
        if network.text("driver") not in ("", "bridge", "overlay"):
            yield Finding(f"{NETWORK_NAME} uses driver {network.text('driver')}, which has no names", network)


def _is_private(host: str) -> bool:
    """Whether no DNS outside answers it: one word, or the top-level domain that is kept for private use."""
    return "." not in host or host.endswith(".internal")


@rule(
    "network-unknown-name",
    title="Every name is answered",
    symptom=_SYMPTOM,
    fix="name a container of mech-network, or add the alias",
    severity="critical",
)
def unknown_name(stack: Stack) -> Iterator[Finding]:
    there = names_on_network(stack, NETWORK_NAME)
    proxy = nginx(stack)
    proxied = proxy.names if proxy else set()

    def judge(container: Resource) -> Iterator[str]:
        given = {entry.get("host"): entry.get("ip") for entry in container.maps("hosts")}
        for variable, value in environment(container).items():
            match = _HOST.match(value)
            host = match[1] if match else ""
            if given.get(host) == "host-gateway" and proxied and host not in proxied:
                yield f"{container_name(container)} looks for {host} ({variable}) on the host, where nginx has no such name"
            elif host and host not in given and host not in there and host != "localhost" and _is_private(host):
                yield f"{container_name(container)} looks for {host} ({variable}), which no container on {NETWORK_NAME} answers to"

    yield from each(stack.of(CONTAINER), judge)


@rule.each(
    CONTAINER,
    "network-host-mode",
    title="No container uses the host's network",
    symptom="`bind: address already in use`, and no names",
    fix="remove networkMode, use networksAdvanced",
    severity="high",
)
def host_mode(container: Resource) -> Iterator[str]:
    if container.text("networkMode") in ("host", "none") or container.text("networkMode").startswith("container:"):
        yield f"{container_name(container)} runs with network mode {container.text('networkMode')}"
