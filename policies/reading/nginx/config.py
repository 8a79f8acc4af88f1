"""The whole config: its servers, what holds in each, where it passes requests to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from policies.model import Resource, Stack, Unjudged
from policies.reading.commands import scripts, unknown_scripts
from policies.reading.containers import Container, containers, inside, published
from policies.reading.nginx import files
from policies.reading.nginx.server import Server, servers
from policies.reading.nginx.tree import Directive
from policies.reading.shell import HOLE

_LOCAL = re.compile(r"(?:127\.0\.0\.1|localhost|\[::1\]):(\d{1,5})")
_SCALE = {"": 1 / 2**20, "k": 1 / 1024, "m": 1.0, "g": 1024.0}


@dataclass(frozen=True)
class Nginx:
    """nginx's config and who puts it in place: `resource` wrote the last of it, `writers` each file by path."""

    resource: Resource
    config: files.Config
    writers: Mapping[str, Resource]
    container: Container | None = None  # in which it runs; None on the host itself

    @property
    def http(self) -> Directive:
        """All http blocks as one; there is only one that nginx takes."""
        blocks = [inner for one in self.config.directives if one.name == "http" for inner in one.block]
        return Directive("http", (), "", 0, tuple(blocks), True)

    @property
    def servers(self) -> list[Server]:
        return list(servers(self.http))

    def outside(self) -> list[Server]:
        """The servers that the edge may ask: those on 80 and 443."""
        return [one for one in self.servers if one.listens_on(80) or one.listens_on(443)]

    def owner(self, directive: Directive | None = None) -> Resource:
        """Who wrote what a finding is about."""
        file = directive.file if directive else ""
        linked = file.replace("/sites-enabled/", "/sites-available/")
        return self.writers.get(linked) or self.writers.get(file) or self.resource

    @property
    def names(self) -> set[str]:
        return {name for server in self.servers for name in server.names if HOLE not in name}

    @property
    def tls_names(self) -> set[str]:
        """The names that visitors ask for by HTTPS."""
        tls = [server for server in self.servers if any(one.ssl for one in server.listens)]
        return {name for server in tls for name in server.names if HOLE not in name}

    def whole(self) -> None:
        """Before something is called missing. Raises Unjudged where a part of the config is not known."""
        if self.config.unknown:
            raise Unjudged(f"nginx's include {self.config.unknown[0].replace(HOLE, '…')}")
        if self.config.holes:
            raise Unjudged(f"nginx's config by {self.resource.name}")

    @property
    def named_upstreams(self) -> Iterator[tuple[Directive, str]]:
        """(directive, host) of each place that requests are passed to by a name of one word."""
        groups = {one.value for one in self.http.of("upstream")}
        members = [one for group in self.http.of("upstream") for one in group.of("server")]
        passing = [one for server in self.servers for one in server.directive.all("proxy_pass")]
        for one in [*members, *passing]:
            host = re.sub(r"^https?://", "", one.value).partition("/")[0].partition(":")[0]
            if re.fullmatch(r"[\w-]+", host) and host != "localhost" and (one.name == "server" or host not in groups):
                yield one, host

    @property
    def upstreams(self) -> list[list[set[int]]]:
        """For each place that requests are passed to, the ports of it on this host: one set, or a choice of them where a
        variable names it.

        A server that is only a `backup` may be away.
        """
        groups = {
            one.value: {
                int(local[1]) for server in one.of("server")
                if "backup" not in server.args and (local := _LOCAL.fullmatch(server.value))
            }
            for one in self.http.of("upstream")
        }  # fmt: skip
        found: list[list[set[int]]] = []
        for server in self.servers:
            for passing in server.directive.all("proxy_pass"):
                target = re.sub(r"^https?://", "", passing.value).partition("/")[0]
                direct = _LOCAL.fullmatch(target)
                named = [
                    one.args[1] for one in server.directive.all("set") if one.args[:1] == (target,) and one.args[1:]
                ]
                groups_of = [groups[name] for name in (named if "$" in target else [target]) if name in groups]
                choice = [{int(direct[1])}] if direct else groups_of
                if choice and choice not in found:
                    found.append(choice)
        return found


def body_mb(directive: Directive) -> float | None:
    """A client_max_body_size in MB: 0 means no limit. None for what is no size."""
    found = re.fullmatch(r"(\d+)([kKmMgG]?)", directive.value)
    if found is None:
        return None
    return float("inf") if int(found[1]) == 0 else int(found[1]) * _SCALE[found[2].lower()]


def nginx(stack: Stack) -> Nginx | None:
    """nginx's config, None where nobody writes one. Raises Unjudged where nobody is known to, and a command is unknown."""
    if "nginx" not in stack.memo:
        stack.memo["nginx"] = _read(stack)
    found: Nginx | None = stack.memo["nginx"]
    if found is None and unknown_scripts(stack):
        raise Unjudged(unknown_scripts(stack)[0])
    return found


def _read(stack: Stack) -> Nginx | None:
    found = scripts(stack)
    left = found[-1].trace.files if found else {}
    writers = {path: resource for path, resource in _writers(stack) if path in left}
    if not writers:
        return _contained(stack, left)
    # What nginx's own files may include from elsewhere.
    near = {path: text for path, text in left.items() if path.startswith(files.FOLDER) or path.endswith(".conf")}
    proxy = Nginx(next(reversed(writers.values())), files.config(tuple(sorted(near.items()))), writers)
    about = proxy.config
    return proxy if proxy.servers or about.holes or about.unknown or about.faults else None


def _contained(stack: Stack, left: Mapping[str, str]) -> Nginx | None:
    """nginx in a container that the edge may ask, by the files that the program gives it."""
    for one in containers(stack):
        named = one.image.partition(":")[0].rpartition("/")[2]
        if named not in ("nginx", "nginx-unprivileged", "openresty") or one.once or not one.sure:
            continue
        try:
            open_ = {number for _, number, _ in published(one) if number in (80, 443)}
            same = all(
                port.get("internal") == port.get("external")
                for port in one.maps("ports")
                if port.get("external") in open_
            )
        except Unjudged:
            continue
        there = inside(one, left, files.FOLDER)
        if open_ and same and there:
            found = Nginx(one, files.config(tuple(sorted(there.items()))), {}, one)
            return found if found.servers or found.config.holes or found.config.faults else None
    return None


def _writers(stack: Stack) -> Iterator[tuple[str, Resource]]:
    for script in scripts(stack):
        for path in script.written:
            if path.startswith(files.FOLDER):
                yield path, script.resource
