"""Which server and which location answer a request, as nginx ranks them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from policies.reading.nginx.server import Server
from policies.reading.nginx.tree import Directive
from policies.reading.shell import HOLE


def host_of(name: str) -> str:
    """A server's name, with words for what is not known of it."""
    return name.replace(HOLE, "somebody")


def matched(pattern: str, text: str, insensitive: bool = False) -> re.Match[str] | None:
    """A regular expression of nginx's (PCRE's, of which Python's is near)."""
    try:
        return re.search(re.sub(r"\(\?<(?=[A-Za-z])", "(?P<", pattern), text, re.I if insensitive else 0)
    except re.error:
        return None


def chosen(servers: Sequence[Server], host: str, tls: bool) -> Server | None:
    """The server that answers: by its name, else the default of the port."""
    port = 443 if tls else 80
    there = [one for one in servers if one.listens_on(port, tls)]
    fitting = [name for one in there for name in _names(one) if _fits(name, host)]
    # As nginx ranks them: the very name, the longest `*.`, the longest `.*`, the first regular expression.
    rank = sorted(fitting, key=lambda name: (name.startswith("~"), "*" in name or name.startswith("."), -len(name)))
    if rank:
        return next(one for one in there if rank[0] in _names(one))
    default = [one for one in there if any(each.default and each.port == port for each in one.listens)]
    return next(iter(default or there), None)


def named(servers: Sequence[Server], host: str) -> bool:
    """Whether a server has the host's name."""
    return any(_fits(name, host) for server in servers for name in _names(server))


def _names(server: Server) -> list[str]:
    return [name for one in server.directive.of("server_name") for name in one.args]


def _fits(name: str, host: str) -> bool:
    name = host_of(name)
    if name.startswith("~"):
        return bool(matched(name[1:], host))
    if name.startswith("*."):
        return host.endswith(name[1:])
    if name.startswith("."):
        return host.endswith(name) or host == name[1:]
    if name.endswith(".*"):
        return host.startswith(name[:-1])
    return name == host


def located(locations: Sequence[Directive], path: str) -> Directive | None:
    """The location block of a path."""
    best: Directive | None = None
    for one in locations:
        kind, where = (one.args[0], one.args[-1]) if len(one.args) == 2 else ("", one.value)
        if kind == "=" and where == path:
            return one
        if kind in ("", "^~") and path.startswith(where) and (best is None or len(where) > len(best.args[-1])):
            best = one
    if best is None or best.args[0] != "^~":
        for one in locations:
            if one.args[:1] in (("~",), ("~*",)) and matched(one.args[-1], path, one.args[0] == "~*"):
                return one
    return best
