"""What nginx answers to a request, as far as its rewrite phase goes: does a redirect come, and where does it lead?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from policies.reading.nginx.choosing import chosen, located, matched
from policies.reading.nginx.server import Server
from policies.reading.nginx.tree import Directive
from policies.reading.shell import HOLE, known

_HOPS = 10  # as many as a browser follows, roughly
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


@dataclass(frozen=True)
class Request:
    """One by the edge for a visitor who came by HTTPS; `tls` is how the edge asks, as the SSL mode says."""

    host: str
    path: str
    tls: bool

    @property
    def variables(self) -> dict[str, str]:
        path, _, query = self.path.partition("?")
        return {
            "host": self.host, "http_host": self.host, "uri": path, "document_uri": path, "request_uri": self.path,
            "args": query, "query_string": query, "is_args": "?" if query else "", "request_method": "GET", "https": "on" if self.tls else "",
            "scheme": "https" if self.tls else "http", "server_port": "443" if self.tls else "80",
            "http_x_forwarded_proto": "https", "http_x_forwarded_scheme": "https", "http_x_forwarded_protocol": "https",
            "http_cf_visitor": '{"scheme":"https"}', "http_x_forwarded_ssl": "on", "http_upgrade": "",
        }  # fmt: skip


class _Answered(Exception):
    """The request is answered: by a redirect to `target`, or otherwise ("")."""

    def __init__(self, target: str = "", by: Directive | None = None) -> None:
        super().__init__(target)
        self.target, self.by = target, by


class _Again(Exception):
    """`rewrite … last`: the location is looked for anew."""


@dataclass
class _Asked:
    """A request on its way through one server."""

    http: Directive
    server: Server
    values: dict[str, str]
    groups: Mapping[str, str] = field(default_factory=dict)

    def text(self, text: str) -> str:
        """With its variables' values; HOLE for one that is not known."""
        return _VARIABLE.sub(lambda found: self.value(found[1] or found[2]), text)

    def value(self, name: str) -> str:
        if name in self.values or name in self.groups:
            return self.groups.get(name, self.values.get(name, HOLE))
        if name == "server_name":
            return next(iter(self.server.names), HOLE)
        for one in self.http.of("map"):
            if len(one.args) == 2 and one.args[1] == f"${name}":
                return self._mapped(one)
        return HOLE

    def _mapped(self, about: Directive) -> str:
        source, found = self.text(about.value), HOLE
        if not known(source):
            return HOLE
        default = ""
        for entry in about.block:
            key, value = entry.name, entry.value
            if key == "default":
                default = value
            elif key.startswith("~"):
                insensitive = key.startswith("~*")
                if found == HOLE and matched(key[2 if insensitive else 1 :], source, insensitive):
                    found = value
            elif key.strip("\\").lower() == source.lower():
                return self.text(value)
        return self.text(default if found == HOLE else found)

    def holds(self, words: Sequence[str]) -> bool:
        """An `if`'s condition; False also where it cannot be known."""
        values = [self.text(word) for word in words]
        if not known(*values):
            return False
        if len(words) == 1:
            return values[0] not in ("", "0")
        if len(words) != 3:
            return False  # -f and its like: files of the host
        left, operator, right = values[0], words[1], words[2]
        if operator in ("=", "!="):
            return (left == self.text(right)) is (operator == "=")
        if operator in ("~", "~*", "!~", "!~*"):
            return bool(matched(right, left, operator.endswith("*"))) is not operator.startswith("!")
        return False

    def run(self, block: Sequence[Directive]) -> None:
        """The directives of the rewrite module in their order."""
        for one in block:
            if one.name == "set" and len(one.args) == 2:
                self.values[one.args[0].lstrip("$")] = self.text(one.args[1])
            elif one.name == "if" and self.holds(one.args):
                self.run(one.block)
            elif one.name == "return":
                raise _Answered(self._returned(one), one)
            elif one.name == "rewrite" and len(one.args) > 1:
                self._rewritten(one)
            elif one.name == "break":
                return

    def _returned(self, one: Directive) -> str:
        code, *rest = one.args or ("",)
        if code.startswith(("http://", "https://", "$")):
            return self.text(code)
        return self.text(rest[0]) if code in ("301", "302", "303", "307", "308") and rest else ""

    def _rewritten(self, one: Directive) -> None:
        found = matched(one.args[0], self.values["uri"])
        if not found:
            return
        self.groups = {str(at): text or "" for at, text in enumerate(found.groups(), 1)}
        target = self.text(one.args[1])
        how = one.args[2] if one.args[2:] else ""
        if target.startswith(("http://", "https://")) or how in ("permanent", "redirect"):
            raise _Answered(target.removesuffix("?"), one)
        self.values["uri"] = target.partition("?")[0]
        if how == "last":
            raise _Again
        if how == "break":
            raise _Answered


def answer(http: Directive, servers: Sequence[Server], request: Request) -> tuple[str, Directive | None]:
    """(where it redirects to, by what); ("", None) where it does not, or nobody can know."""
    server = chosen(servers, request.host, request.tls)
    if server is None:
        return "", None
    asked = _Asked(http, server, request.variables)
    try:
        asked.run(server.directive.block)
        for _ in range(_HOPS):
            try:
                location = located(server.locations, asked.values["uri"])
                if location is not None:
                    asked.run(location.block)
                break
            except _Again:
                continue
    except _Again:
        return "", None
    except _Answered as end:
        return (end.target, end.by) if known(end.target) else ("", None)
    return "", None
