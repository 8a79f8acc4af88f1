"""Words and values of the Rules language: what expression.py puts together."""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, NamedTuple

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<raw>r(?P<hashes>\#{0,255})"(?P<rawtext>.*?)"(?P=hashes))
    | (?P<string>"(?P<text>(?:[^"\\]|\\.)*)")
    | (?P<op>==|!=|<=|>=|&&|\|\||\^\^|\.\.|[<>~!(){},])
    | (?P<word>[A-Za-z0-9_][A-Za-z0-9_.:/-]*|::[0-9A-Fa-f.:/]*)
    )""",
    re.VERBOSE | re.DOTALL,
)


class ExpressionError(ValueError):
    """The expression is not in the language, or not in the part of it that is covered."""


class Token(NamedTuple):
    kind: str  # "raw", "string", "op", "word", "end"
    text: str
    position: int


def tokens(text: str) -> list[Token]:
    tokens: list[Token] = []
    position = 0
    end = len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise ExpressionError(f"cannot read {text[position : position + 20].strip()!r} at character {position}")
        start = match.start(match.lastgroup or 0)
        if match["raw"] is not None:
            tokens.append(Token("raw", match["rawtext"], start))
        elif match["string"] is not None:
            tokens.append(Token("string", match["text"], start))
        elif match["op"] is not None:
            tokens.append(Token("op", match["op"], match.start("op")))
        else:
            # 10.0.0.1..10.0.0.9 is one word to the pattern and three to the language.
            low, dots, high = match["word"].partition("..")
            for part, kind in ((low, "word"), (dots, "op"), (high, "word")):
                if part:
                    tokens.append(Token(kind, part, match.start("word")))
        position = match.end()
    return [*tokens, Token("end", "the end", len(text))]


def equal(wanted: Any) -> Callable[[Any], bool]:
    return lambda value: bool(value == wanted)


def between(low: Any, high: Any) -> Callable[[Any], bool]:
    if type(low) is not type(high) or low > high:
        raise ExpressionError(f"{low}..{high} is not a range")
    return lambda value: type(value) is type(low) and low <= value <= high


def inside(network: IPv4Network | IPv6Network) -> Callable[[Any], bool]:
    return lambda value: value.version == network.version and value in network


def number(token: Token) -> int:
    if re.fullmatch(r"-?[0-9]{1,19}", token.text) is None:
        raise ExpressionError(f"{token.text[:40]!r} at character {token.position} is not a number")
    return int(token.text)


def address(token: Token) -> IPv4Address | IPv6Address:
    try:
        return ip_address(token.text)
    except ValueError:
        raise ExpressionError(f"{token.text[:50]!r} at character {token.position} is not an IP address") from None


def network(token: Token) -> IPv4Network | IPv6Network:
    try:
        return ip_network(token.text, strict=False)
    except ValueError:
        raise ExpressionError(f"{token.text[:50]!r} at character {token.position} is not an IP range") from None


def unescaped(token: Token) -> str:
    def one(match: re.Match[str]) -> str:
        if match[0] in ('\\"', "\\\\"):
            return match[0][1]
        if len(match[0]) == 4:
            return chr(int(match[0][2:], 16))
        raise ExpressionError(f'the escape {match[0]!r} at character {token.position} is neither \\" nor \\\\')

    return re.sub(r"\\x[0-9A-Fa-f]{2}|\\.", one, token.text, flags=re.DOTALL)


def compiled(source: str, flags: int) -> re.Pattern[str]:
    try:
        return re.compile(source, flags)
    except (re.error, OverflowError, RecursionError, ValueError) as error:
        raise ExpressionError(f"not a regular expression: {error}") from None
