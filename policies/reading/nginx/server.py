"""A server block of nginx: where it listens, for whom, and what holds in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from policies.reading.nginx.tree import Directive


@dataclass(frozen=True)
class Listen:
    """One `listen`: an address ("" is every one), a TCP port (0 is a socket, or not known)."""

    address: str
    port: int
    ssl: bool
    default: bool


@dataclass(frozen=True)
class Server:
    """A server of the http block; `http` is that block."""

    directive: Directive
    http: Directive

    @property
    def listens(self) -> list[Listen]:
        found = [_listen(one) for one in self.directive.of("listen")]
        tls = any(one.value == "on" for one in self.directive.of("ssl"))  # before nginx 1.25
        return [Listen(one.address, one.port, one.ssl or tls, one.default) for one in found] or [
            Listen("", 80, tls, False)
        ]

    @property
    def names(self) -> list[str]:
        """Its server names that a person could ask for: not `_`, not "", not regular expressions."""
        named = [name for one in self.directive.of("server_name") for name in one.args]
        return [name for name in named if "." in name and not name.startswith("~")]

    @property
    def is_internal(self) -> bool:
        """Whether it is only for the host and its containers, by its names."""
        return bool(self.names) and all(name.endswith((".internal", ".local", ".localhost")) for name in self.names)

    def listens_on(self, port: int, ssl: bool | None = None) -> bool:
        """Whether somebody outside reaches it at a TCP port."""
        return any(
            one.port == port and (ssl is None or one.ssl is ssl) and not one.address.startswith(("127.", "[::1]", "localhost"))
            for one in self.listens
        )  # fmt: skip

    def held(self, *names: str) -> list[Directive]:
        """The directives of these names that hold in it: its own, else the http block's."""
        return self.directive.of(*names) or self.http.of(*names)

    @property
    def locations(self) -> list[Directive]:
        return self.directive.of("location")


def _listen(one: Directive) -> Listen:
    where = one.value
    found = re.fullmatch(r"(?:(?P<address>\[[^\]]*\]|[^:\[\]]*):)?(?P<port>\d{1,5})", where)
    address, port = (found["address"] or "", int(found["port"])) if found else (where, 80)
    if where.startswith("unix:"):
        port = 0
    if address in ("*", "0.0.0.0", "[::]"):  # noqa: S104 - as nginx writes it
        address = ""
    words = one.args[1:]
    return Listen(address, port, "ssl" in words or "quic" in words, bool({"default_server", "default"} & {*words}))


def servers(http: Directive) -> Iterator[Server]:
    for one in http.of("server"):
        yield Server(one, http)
