"""Redirects that never end: a visitor at the edge, sent on by nginx until he is where he was."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from policies.reading.nginx.choosing import host_of, named
from policies.reading.nginx.config import Nginx
from policies.reading.nginx.requests import Request, answer
from policies.reading.nginx.server import Server
from policies.reading.nginx.tree import Directive

_HOPS = 20
_ANY = "visitor.example"  # stands for a host of which only nginx's default server knows


@dataclass(frozen=True)
class Loop:
    """Where it begins, and what sends the visitor on."""

    address: str
    by: Directive


def loops(proxy: Nginx, tls: bool, here: Collection[str] = ()) -> Iterator[Loop]:
    """Each page that is only ever redirected to itself, when the edge asks by TLS or in plain; one a server.

    `here`: host names that lead to this nginx beside those that it names.
    """
    port = 443 if tls else 80
    for server in proxy.servers:
        if server.listens_on(port, tls):
            for host in _hosts(server):
                found = next((one for path in _paths(server) if (one := _followed(proxy, host, path, tls, here))), None)
                if found:
                    yield found
                    break


def _hosts(server: Server) -> list[str]:
    names = [host_of(name) for one in server.directive.of("server_name") for name in one.args if name not in ("", "_")]
    return [
        re.sub(r"^\*?\.", "some.", name) for name in names if not name.startswith("~") and not name.endswith("*")
    ] or [_ANY]


def _paths(server: Server) -> list[str]:
    """A page of no meaning, and those that the locations name."""
    where = [one.args[-1] for one in server.locations if one.args and one.args[0] not in ("~", "~*")]
    return list(dict.fromkeys(["/some/page", *(path for path in where if path.startswith("/") and path != "/")]))


def _followed(proxy: Nginx, host: str, path: str, tls: bool, here: Collection[str]) -> Loop | None:
    seen: dict[tuple[str, str], Directive] = {}
    start = f"https://{host}{path}"
    for _ in range(_HOPS):
        target, by = answer(proxy.http, proxy.servers, Request(host, path, tls))
        found = re.fullmatch(r"https?://([^/:?#]+)(?::(?:80|443))?(/[^#]*)?", target)
        if by is None or found is None:
            return None
        seen[host, path] = by
        if found[1] != host and found[1] not in here and not named(proxy.servers, found[1]):
            return None  # another's, as far as anybody knows
        host, path = found[1], found[2] or "/"
        if (host, path) in seen:
            return Loop(start, by)
    return None
