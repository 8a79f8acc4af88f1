"""Ports that a program wants open: the edge comes by them, or its own containers answer there."""

from __future__ import annotations

from collections.abc import Iterable

from policies.model import HOST_STATE, RECORD, SETTING, UNKNOWN, Stack
from policies.reading.containers import containers, is_database, is_loopback, published
from policies.reading.edge import only_tunnels
from policies.reading.platform import is_platform
from policies.reading.ufw import Host, covers, networks, who

_WEB = (80, 443)


def web_ports(stack: Stack, host: Host) -> list[int]:
    """The ports that have to be open: the edge comes by them, or a command let them in before another closed them."""
    if host.disabled is not None or (only_tunnels(stack) and not is_platform(stack)):
        return []
    mode = _setting(stack, "ssl")
    by_tls = mode in ("full", "strict") and _setting(stack, "always_use_https") == "on"
    needed = {443} if by_tls else {80, 443} if is_platform(stack) else set()
    if not by_tls and not is_platform(stack) and any(record.get("proxied") is True for record in stack.of(RECORD)):
        needed |= {80} if mode == "flexible" else {443} if mode in ("full", "strict") else set()
    open_to_all = {port for port in _WEB if who(host.sure, port).least.public}
    for port in _WEB:
        # What is let in on the inner side alone, beside another port that is open to all, is not for the edge.
        if covers(host.wanted, port) and not (open_to_all and who(host.sure, port).least.words):
            needed.add(port)
    return sorted(needed - ({80} if by_tls else set()))


def _setting(stack: Stack, id: str) -> object:
    return next((each.get("value") for each in stack.of(SETTING) if each.text("settingId") == id), None)


def comes_from(stack: Stack, sources: Iterable[str]) -> bool:
    """Whether the edge itself comes from there, as in the sandbox."""
    edge = [word for state in stack.of(HOST_STATE) for word in state.items("access", "ranges")]
    return any(a.version == b.version and a.overlaps(b) for a in networks(map(str, edge)) for b in networks(sources))


def of_containers(stack: Stack) -> set[int]:
    """Ports that the program's own containers publish to the world; a database's is none that may be open."""
    return {
        port
        for container in containers(stack)
        if not is_database(container) and container.props.get("ports") is not UNKNOWN
        for address, port, _ in published(container)
        if not is_loopback(address)
    }
