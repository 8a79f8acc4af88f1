"""Cloudflare's rules language: does an expression hold for whoever asks for a host by HTTPS?

Three answers: True or False for every visitor and every page, None for what hangs on who asks, or cannot be read.
Source: developers.cloudflare.com/ruleset-engine/rules-language/
"""

from __future__ import annotations

import fnmatch
import functools
import ipaddress
import re

_TOKEN = re.compile(
    r"\s*(?:(?P<text>r?\"(?:[^\"\\]|\\.)*\")|(?P<sign>&&|\|\||\^\^|==|!=|<=|>=|[!~<>(){},])|(?P<word>[\w.:/$*\[\]\"-]+))"
)
_WORDS = {"==": "eq", "!=": "ne", "&&": "and", "||": "or", "^^": "xor", "!": "not", "~": "matches"}
_PATHS = ("http.request.uri.path", "http.request.uri", "raw.http.request.uri.path")


class _Odd(Exception):
    """Not of the forms that are read."""


@functools.lru_cache(maxsize=1024)
def holds(expression: str, host: str) -> bool | None:
    """What it says of any visitor's request for a page of this host."""
    tokens = [found[0].strip() for found in _TOKEN.finditer(expression)]
    if "".join(tokens).replace(" ", "") != re.sub(r"\s+", "", expression):
        return None
    try:
        reader = _Reader(tokens, host)
        said = reader.either()
        return said if not reader.left else None
    except (_Odd, IndexError, RecursionError):
        return None


class _Reader:
    def __init__(self, tokens: list[str], host: str) -> None:
        self.left, self.host = [_WORDS.get(token, token) for token in tokens], host

    def take(self, *expected: str) -> str:
        token = self.left.pop(0)
        if expected and token not in expected:
            raise _Odd(token)
        return token

    def either(self) -> bool | None:
        said = self.both()
        while self.left[:1] in (["or"], ["xor"]):
            word, other = self.take(), self.both()
            if word == "xor":
                said = None if said is None or other is None else said is not other
            else:
                said = True if said or other else (None if said is None or other is None else False)
        return said

    def both(self) -> bool | None:
        said = self.one()
        while self.left[:1] == ["and"]:
            self.take()
            other = self.one()
            said = False if said is False or other is False else (None if said is None or other is None else True)
        return said

    def one(self) -> bool | None:
        first = self.take()
        if first == "not":
            said = self.one()
            return None if said is None else not said
        if first == "(":
            said = self.either()
            self.take(")")
            return said
        if first in ("true", "false"):
            return first == "true"
        if first in ("starts_with", "ends_with") and self.left[:1] == ["("]:
            self.take("(")
            field = self.field(self.take())
            self.take(",")
            value = _text(self.take())
            self.take(")")
            return self.compared(field, first, [value])
        return self.asked(self.field(first))

    def field(self, token: str) -> str:
        if token in ("lower", "upper", "url_decode") and self.left[:1] == ["("]:
            self.take("(")
            inner = self.field(self.take())
            self.take(")")
            return inner
        if not re.fullmatch(r"[a-z_][\w.]*", token):
            raise _Odd(token)
        return token

    def asked(self, field: str) -> bool | None:
        if not self.left or self.left[0] in ("and", "or", "xor", ")"):
            return True if field == "ssl" else None
        operator = self.take()
        if operator == "strict":
            operator = self.take("wildcard")
        if operator not in ("eq", "ne", "in", "contains", "matches", "wildcard", "lt", "le", "gt", "ge"):
            raise _Odd(operator)
        values = []
        if operator == "in":
            if self.take() != "{":
                return None  # a list by its name
            while self.left[0] != "}":
                values.append(_text(self.take()))
            self.take("}")
        else:
            values.append(_text(self.take()))
        return self.compared(field, operator, values)

    def compared(self, field: str, operator: str, values: list[str]) -> bool | None:
        if operator == "ne":
            said = self.compared(field, "eq", values)
            return None if said is None else not said
        if field == "http.host":
            return any(_fits(operator, self.host, value.lower()) for value in values)
        if field in _PATHS:
            # Every path begins so; of others it hangs on the page.
            return True if any(_every_path(operator, value) for value in values) else None
        if field == "http.request.full_uri" and operator == "wildcard":
            pages = [re.sub(r"^\w*\*?://", "", value) for value in values]
            return any(fnmatch.fnmatchcase(f"{self.host}/", page) and page.endswith("*") for page in pages) or None
        if field in ("ip.src", "ip.geoip.src") and operator in ("eq", "in"):
            return _everybody(values)
        return None


def _text(token: str) -> str:
    if token.startswith(('"', 'r"')):
        return re.sub(r"\\(.)", r"\1", token.removeprefix("r")[1:-1]) if token[0] == '"' else token[2:-1]
    return token


def _fits(operator: str, host: str, value: str) -> bool:
    if operator in ("eq", "in"):
        return host == value
    if operator == "contains":
        return value in host
    if operator == "starts_with":
        return host.startswith(value)
    if operator == "ends_with":
        return host.endswith(value)
    if operator == "wildcard":
        return fnmatch.fnmatchcase(host, value)
    try:
        return operator == "matches" and bool(re.search(value, host))
    except re.error:
        return False


def _every_path(operator: str, value: str) -> bool:
    return (operator in ("starts_with", "contains") and value in ("", "/")) or (
        operator in ("matches", "wildcard") and value in (".*", "^/", "/", "^/.*", "*", "/*")
    )


def _everybody(values: list[str]) -> bool | None:
    """True where the networks are the world, False where no visitor has such an address."""
    networks = []
    for value in values:
        try:
            networks.append(ipaddress.ip_network(value, strict=False))
        except ValueError:
            return None  # a list by name
    if any(network.prefixlen == 0 for network in networks):
        return True
    return False if all(any(_within(network, one) for one in _NOBODY) for network in networks) else None


def _within(network: ipaddress.IPv4Network | ipaddress.IPv6Network, outer: ipaddress.IPv4Network) -> bool:
    return isinstance(network, ipaddress.IPv4Network) and network.subnet_of(outer)


_NOBODY = tuple(
    map(ipaddress.IPv4Network, ("0.0.0.0/8", "10.0.0.0/8", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
)
