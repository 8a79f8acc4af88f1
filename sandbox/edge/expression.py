"""A subset of Cloudflare's Rules language: parse once, then ask of each request.

Source: developers.cloudflare.com/ruleset-engine/rules-language/ (operators, values, fields, functions).
Types are checked while parsing, so that evaluation cannot fail. Not covered: lists ($name), arrays, maps.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from .literals import (
    ExpressionError,
    Token,
    address,
    between,
    compiled,
    equal,
    inside,
    network,
    number,
    tokens,
    unescaped,
)

Facts = Mapping[str, Any]
Expression = Callable[[Facts], bool]
_Value = Callable[[Facts], Any]

MAX_LENGTH = 4096  # characters, as Cloudflare's limit
_MAX_DEPTH = 60

FIELDS: dict[str, str] = {
    "ip.src": "ip", "ip.src.country": "string", "ip.geoip.country": "string", "http.host": "string",
    "http.request.method": "string", "http.request.uri": "string", "http.request.uri.path": "string",
    "http.request.uri.query": "string", "http.request.full_uri": "string", "http.request.version": "string",
    "http.user_agent": "string", "http.referer": "string", "http.cookie": "string",
    "http.x_forwarded_for": "string", "ssl": "bool", "cf.edge.server_port": "int",
}  # fmt: skip

_WORDS = {
    "==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge", "~": "matches",
    "!": "not", "&&": "and", "^^": "xor", "||": "or",
}  # fmt: skip
_ORDER = {"lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge}


def parse(text: str) -> Expression:
    """A predicate over request facts. Raises ExpressionError, and nothing else, for what it cannot read."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"the expression is longer than {MAX_LENGTH} characters")
    return _Parser(tokens(text)).whole()


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self._at = 0
        self._depth = 0

    def whole(self) -> Expression:
        result = self._or()
        if self._peek().kind != "end":
            raise self._unexpected("and, or, or the end")
        return result

    def _peek(self) -> Token:
        return self.tokens[self._at]

    def _next(self) -> Token:
        token = self.tokens[self._at]
        if token.kind != "end":
            self._at += 1
        return token

    def _is(self, *words: str) -> bool:
        token = self._peek()
        return token.kind in ("op", "word") and _WORDS.get(token.text, token.text) in words

    def _take(self, *words: str) -> bool:
        if self._is(*words):
            self._at += 1
            return True
        return False

    def _need(self, word: str) -> None:
        if not self._take(word):
            raise self._unexpected(f"{word!r}")

    def _unexpected(self, wanted: str) -> ExpressionError:
        token = self._peek()
        return ExpressionError(f"expected {wanted} at character {token.position}, found {token.text[:40]!r}")

    def _or(self) -> Expression:
        parts = [self._xor()]
        while self._take("or"):
            parts.append(self._xor())
        return parts[0] if len(parts) == 1 else lambda f: any(p(f) for p in parts)

    def _xor(self) -> Expression:
        parts = [self._and()]
        while self._take("xor"):
            parts.append(self._and())
        return parts[0] if len(parts) == 1 else lambda f: sum(p(f) for p in parts) % 2 == 1

    def _and(self) -> Expression:
        parts = [self._not()]
        while self._take("and"):
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else lambda f: all(p(f) for p in parts)

    def _not(self) -> Expression:
        negative = False
        while self._take("not"):
            negative = not negative
        inner = self._group()
        return (lambda f: not inner(f)) if negative else inner

    def _group(self) -> Expression:
        if not self._take("("):
            return self._comparison()
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise ExpressionError(f"parentheses are nested deeper than {_MAX_DEPTH}")
        inner = self._or()
        self._need(")")
        self._depth -= 1
        return inner

    def _comparison(self) -> Expression:
        kind, value = self._operand()
        token = self._peek()
        word = _WORDS.get(token.text, token.text) if token.kind in ("op", "word") else ""
        if word in ("eq", "ne"):
            self._next()
            wanted = self._literal(kind)
            if word == "eq":
                return lambda f: bool(value(f) == wanted)
            return lambda f: bool(value(f) != wanted)
        if word in _ORDER:
            self._next()
            if kind not in ("string", "int"):
                raise ExpressionError(f"{word} does not compare a value of type {kind}")
            compare, bound = _ORDER[word], self._literal(kind)
            return lambda f: bool(compare(value(f), bound))
        if word in ("contains", "matches", "wildcard", "strict"):
            self._next()
            return self._on_string(word, kind, value)
        if word == "in":
            self._next()
            members = self._set(kind)
            return lambda f: any(member(value(f)) for member in members)
        if kind == "bool":
            return lambda f: bool(value(f))
        raise self._unexpected("a comparison")

    def _on_string(self, word: str, kind: str, value: _Value) -> Expression:
        if kind != "string":
            raise ExpressionError(f"{word} needs a string on its left, not a value of type {kind}")
        if word == "contains":
            part = self._string()
            return lambda f: part in value(f)
        if word == "strict":
            self._need("wildcard")
        pattern = self._regex() if word == "matches" else self._wildcard(word == "strict")
        return lambda f: pattern.search(value(f)) is not None

    def _operand(self) -> tuple[str, _Value]:
        token = self._peek()
        if token.kind != "word":
            raise self._unexpected("a field")
        self._next()
        if self._is("("):
            return self._function(token)
        if token.text not in FIELDS:
            raise ExpressionError(f"unknown field {token.text[:60]!r} at character {token.position}")
        return FIELDS[token.text], operator.itemgetter(token.text)

    def _function(self, name: Token) -> tuple[str, _Value]:
        self._need("(")
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise ExpressionError(f"calls are nested deeper than {_MAX_DEPTH}")
        if name.text not in ("lower", "upper", "len", "starts_with", "ends_with"):
            raise ExpressionError(f"unknown function {name.text[:60]!r} at character {name.position}")
        kind, value = self._operand()
        if kind != "string":
            raise ExpressionError(f"{name.text}() needs a string, not a value of type {kind}")
        result: tuple[str, _Value]
        if name.text == "lower":
            result = "string", lambda f: value(f).lower()
        elif name.text == "upper":
            result = "string", lambda f: value(f).upper()
        elif name.text == "len":
            result = "int", lambda f: len(value(f).encode())
        else:
            self._need(",")
            part = self._string()
            if name.text == "starts_with":
                result = "bool", lambda f: value(f).startswith(part)
            else:
                result = "bool", lambda f: value(f).endswith(part)
        self._need(")")
        self._depth -= 1
        return result

    def _literal(self, kind: str) -> Any:
        if kind == "string":
            return self._string()
        if kind == "bool":
            raise ExpressionError("a boolean field stands alone: write `ssl` or `not ssl`")
        token = self._next()
        if token.kind == "word":
            return number(token) if kind == "int" else address(token)
        found = token.text[:40]
        raise ExpressionError(f"expected a value of type {kind} at character {token.position}, found {found!r}")

    def _string(self) -> str:
        token = self._next()
        if token.kind == "raw":
            return token.text
        if token.kind != "string":
            raise ExpressionError(f'expected a "string" at character {token.position}, found {token.text[:40]!r}')
        return unescaped(token)

    def _regex(self) -> re.Pattern[str]:
        token = self._next()
        if token.kind not in ("raw", "string"):
            raise ExpressionError(f"expected a regular expression at character {token.position}")
        source = token.text.replace('\\"', '"') if token.kind == "string" else token.text
        return compiled(source, 0)

    def _wildcard(self, strict: bool) -> re.Pattern[str]:
        literal = self._string()
        source, position = "", 0
        while position < len(literal):
            char = literal[position]
            if char == "\\" and literal[position + 1 : position + 2] in ("*", "\\"):
                position += 1
                source += re.escape(literal[position])
            elif char == "*":
                if literal[position + 1 : position + 2] == "*":
                    raise ExpressionError("** is not allowed in a wildcard")
                source += ".*"
            else:
                source += re.escape(char)
            position += 1
        return compiled(rf"\A{source}\Z", re.DOTALL | (0 if strict else re.IGNORECASE))

    def _set(self, kind: str) -> list[Callable[[Any], bool]]:
        if kind == "bool":
            raise ExpressionError("`in` does not take a boolean field")
        self._need("{")
        members: list[Callable[[Any], bool]] = []
        while not self._take("}"):
            if kind == "string":
                members.append(equal(self._string()))
                continue
            token = self._next()
            if token.kind != "word":
                raise ExpressionError(f"expected a value or '}}' at character {token.position}, found {token.text!r}")
            if self._take(".."):
                upper = self._next()
                low, high = (number(token), number(upper)) if kind == "int" else (address(token), address(upper))
                members.append(between(low, high))
            elif kind == "ip" and "/" in token.text:
                members.append(inside(network(token)))
            else:
                members.append(equal(number(token) if kind == "int" else address(token)))
        if not members:
            raise ExpressionError("a set needs at least one value")
        return members
