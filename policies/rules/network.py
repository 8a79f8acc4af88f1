"""Network: every container on mech-network, every name that a service uses answered there (guide, Issue 2)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mech_infra.catalogue import NETWORK_NAME
from mech_infra.commands.swarm import NETWORK as BETWEEN_HOSTS
from policies.family import Family, puts
from policies.model import NETWORK, UNKNOWN, Finding, Resource, Stack, Unjudged, each
from policies.reading.containers import Container, containers, environment, names_on_network, networks
from policies.reading.nginx import nginx
from policies.reading.platform import is_platform

rule = Family("network")
_HOST = re.compile(r"^(?:redis|rediss|mongodb|http|https)://(?:[^@/]*@)?([A-Za-z0-9._-]+)")
_SYMPTOM = "`Error: Could not connect to Redis at redis:6379`, getaddrinfo ENOTFOUND"


@rule.containers(
    "network-container-outside",
    title="Every container is on mech-network",
    symptom=_SYMPTOM,
    fix="attach the container to mech-network (networksAdvanced)",
    severity="critical",
    remedy=puts(networksAdvanced=[{"name": NETWORK_NAME}]),
)
def container_outside(container: Container) -> Iterator[str]:
    names = networks(container)
    wanted = BETWEEN_HOSTS if container.how == "docker.Service" and BETWEEN_HOSTS in names else NETWORK_NAME
    if wanted in names or not container.mech or container.once:
        return
    if any(name is UNKNOWN for name in names):
        raise Unjudged(f"{container.name}.networksAdvanced")
    said = ", ".join(str(name) for name in names) or "Docker's default network"
    yield f"{container.label} is on {said}, not on {NETWORK_NAME}"


@rule(
    "network-missing",
    title="mech-network exists",
    symptom="services that cannot find each other or their vendors",
    fix="declare a bridge network named mech-network that is not internal",
    severity="critical",
)
def missing(stack: Stack) -> Iterator[Finding]:
    ours = [n for n in stack.of(NETWORK) if n.props.get("name") in (NETWORK_NAME, UNKNOWN)]
    if not ours and is_platform(stack):
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
        if not isinstance(container, Container) or container.once:
            return
        given = {entry.get("host"): entry.get("ip") for entry in container.maps("hosts")}
        for variable, value in environment(container).items():
            match = _HOST.match(value)
            host = match[1] if match else ""
            if given.get(host) == "host-gateway" and proxied and host not in proxied:
                yield f"{container.label} looks for {host} ({variable}) on the host, where nginx has no such name"
            if not host or host in given or host == "localhost" or not _is_private(host):
                continue
            if container.mech and host not in there:
                yield f"{container.label} looks for {host} ({variable}), which no container on {NETWORK_NAME} answers to"
            elif not container.mech and "." not in host and _nameless(container, host):
                yield f"{container.label} looks for {host} ({variable}) on Docker's default network, which has no names"

    yield from each(containers(stack), judge)


def _nameless(container: Container, host: str) -> bool:
    """Whether it is on the default bridge, where only a link has a name."""
    links = {part for link in container.items("links") for part in str(link).split(":")}
    default = container.mode("networkMode") in ("", "bridge", "default") and not container.get("networksAdvanced")
    return default and host not in links and host != "host.docker.internal"


@rule.containers(
    "network-host-mode",
    title="No container uses the host's network",
    symptom="`bind: address already in use`, and no names",
    fix="remove networkMode, use networksAdvanced",
    severity="high",
    cis=["5.10"],
)
def host_mode(container: Container) -> Iterator[str]:
    mode = container.mode("networkMode")
    # One without a network, or in another's, is a choice; of the platform's it is one that nobody reaches.
    own = container.mech and (mode == "none" or mode.startswith("container:"))
    if (mode == "host" or own) and not container.once:
        yield f"{container.label} runs with network mode {mode}"
