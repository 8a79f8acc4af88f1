"""Network: every container on mech-network, every name that a service uses answered there (guide, Issue 2)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mech_infra.catalogue import NETWORK_NAME
from policies.model import CONTAINER, NETWORK, UNKNOWN, Finding, Resource, Rule, Stack, Unjudged, each
from policies.reading import container_name, environment, names_on_network, nginx

_HOST = re.compile(r"^(?:redis|rediss|mongodb|http|https)://(?:[^@/]*@)?([A-Za-z0-9._-]+)")


def _attached(container: Resource) -> Iterator[str]:
    networks = container.maps("networksAdvanced")
    names = [entry.get("name") for entry in networks]
    if NETWORK_NAME in names:
        return
    if any(name is UNKNOWN for name in names):
        raise Unjudged(f"{container.name}.networksAdvanced")
    said = ", ".join(str(name) for name in names) or "Docker's default network"
    yield f"{container_name(container)} is on {said}, not on {NETWORK_NAME}"


def _network(stack: Stack) -> Iterator[Finding]:
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


def _names(stack: Stack) -> Iterator[Finding]:
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


def _is_private(host: str) -> bool:
    """Whether no DNS outside answers it: one word, or the top-level domain that is kept for private use."""
    return "." not in host or host.endswith(".internal")


def _no_host_network(container: Resource) -> Iterator[str]:
    if container.text("networkMode") in ("host", "none") or container.text("networkMode").startswith("container:"):
        yield f"{container_name(container)} runs with network mode {container.text('networkMode')}"


def _join(props: dict[str, object]) -> dict[str, object]:
    return {**props, "networksAdvanced": [{"name": NETWORK_NAME}]}


_SYMPTOM = "`Error: Could not connect to Redis at redis:6379`, getaddrinfo ENOTFOUND"
RULES = [
    Rule("network-container-outside", "network", "Every container is on mech-network", _SYMPTOM,
         "attach the container to mech-network (networksAdvanced)", "critical", type=CONTAINER, judge_one=_attached, remedy=_join),
    Rule("network-missing", "network", "mech-network exists", "services that cannot find each other or their vendors",
         "declare a bridge network named mech-network that is not internal", "critical", judge_stack=_network),
    Rule("network-unknown-name", "network", "Every name is answered", _SYMPTOM,
         "name a container of mech-network, or add the alias", "critical", judge_stack=_names),
    Rule("network-host-mode", "network", "No container uses the host's network", "`bind: address already in use`, and no names",
         "remove networkMode, use networksAdvanced", "high", type=CONTAINER, judge_one=_no_host_network),
]  # fmt: skip
