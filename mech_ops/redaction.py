"""Secrets out of whatever is kept or sent, and the proof that none is left.

`redacted` takes them out; `leaks` looks for them from the other end: it decodes and unpacks what looks so, and searches there.
What is known to be secret comes from the stack's state (`diagnosis.declared.secrets`); what only looks so from `PATTERNS`.
Names of hosts and addresses stay.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from mech_ops import encodings

_T = TypeVar("_T")

MARK = "[secret]"
KNOWN = "a secret of the stack"
_LEFT = r"(?!\[secret\])"
_DEPTH = 4  # encodings in encodings that are looked through
_SHORT = 200  # characters of a text that may well come again


@dataclass(frozen=True)
class Pattern:
    """What looks like a secret: `signs` are texts of which it has one (any case where `folds`), `put` stands in its place."""

    what: str
    signs: tuple[str, ...]
    regex: re.Pattern[str]
    put: str = MARK

    @functools.cached_property
    def folds(self) -> bool:
        return bool(self.regex.flags & re.I)

    def may(self, text: str, folded: str) -> bool:
        return any(sign in (folded if self.folds else text) for sign in self.signs)


_BLOCK = r"-----%s (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"
PATTERNS = (
    # A log may begin or end within one.
    Pattern("a private key", ("PRIVATE KEY",), re.compile(
        rf"{_BLOCK % 'BEGIN'}[\s\S]*?(?:{_BLOCK % 'END'}|\Z)|(?:^[A-Za-z0-9+/=]{{16,}}\s*\n){{1,60}}{_BLOCK % 'END'}", re.M)),
    Pattern("an API key (sk-…)", ("sk-",), re.compile(r"(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{16,}")),
    Pattern("a token of GitHub", ("gh", "github_pat_"), re.compile(r"gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}")),
    Pattern("a key of AWS", ("AKIA", "ASIA"), re.compile(r"(?<![A-Z0-9])A[KS]IA[A-Z0-9]{16}")),
    Pattern("a token of Slack", ("xox",), re.compile(r"xox[abeoprs]-[A-Za-z0-9-]{10,}")),
    Pattern("a JSON Web Token", ("eyJ",), re.compile(r"eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}")),
    Pattern("a Bearer token", ("bearer",), re.compile(rf"(bearer\s+){_LEFT}[\w.~+/=-]{{8,}}", re.I), rf"\1{MARK}"),
    Pattern("a password in an address", ("://",), re.compile(
        r"(://[^\s/\"'<>@:]{0,64}):(?!\[secret\]@)[^\s/\"'<>]{1,200}@"), rf"\1:{MARK}@"),
    Pattern("a token in an address", ("://",), re.compile(r"(https?://)[^\s/\"'<>@:\[]{16,}@"), rf"\1{MARK}@"),
    Pattern("a header that lets somebody in", ("cookie", "authorization", "x-api-key", "x-auth-"), re.compile(
        r"\b((?:set-cookie|cookie|(?:proxy-)?authorization|x-api-key|x-auth-\w+)(?:\\?[\"']\s*[:,=]|\s*[:=])\s*+(?:\\?[\"'])?+)"
        rf"{_LEFT}(?:[^\r\n\"'\\]|(?<==)\"[^\"\r\n\\]*\")+", re.I), rf"\1{MARK}"),
    Pattern("a variable that is called a secret", ("KEY=", "TOKEN=", "SECRET=", "PASSWORD="), re.compile(
        rf"((?:KEY|TOKEN|SECRET|PASSWORD)=){_LEFT}[^\s\"'\\&,;\[]{{6,}}"), rf"\1{MARK}"),
    Pattern("a parameter that is called a secret", ("?", "&"), re.compile(
        rf"([?&](?:\w+[_-])?(?:token|secret|password|passwd|api_?key|signature)=){_LEFT}[^\s\"'\\&,;<>]{{6,}}", re.I), rf"\1{MARK}"),
)  # fmt: skip
# Most of what is decoded is noise, since words and hashes look like base64.
_TELLING = re.compile(rb"[\x20-\x7e]{6}|\x1f\x8b\x08|^(?:BZh|\xfd7zXZ|PK\x03\x04|\x78[\x01\x5e\x9c\xda])")
# What is taken out where a secret stands in an encoding: the smaller first, so that the rest of a URL stays.
_TOKENS = tuple(map(re.compile, (
    r"[A-Za-z0-9+/_-]{8,}(?:(?<=[A-Za-z0-9+/_-]{40})\r?\n[ \t]*[A-Za-z0-9+/_-]+)*={0,2}",
    r"[^\s\"'<>&?=/;,]+", r"[^\s\"'<>]+", r"[^\n]+",
)))  # fmt: skip


@dataclass(frozen=True)
class _Known:
    all: tuple[bytes, ...]
    odd: tuple[bytes, ...]  # those that noise may hold, too


def _known(secrets: Sequence[str]) -> _Known:
    found = tuple(secret.encode(errors="replace") for secret in secrets)
    return _Known(found, tuple(one for one in found if not _TELLING.search(one)))


def redacted(value: _T, secrets: Sequence[str]) -> _T:
    """The same without any secret: a text, bytes, or plain data with texts in it (its keys, too).

    Bytes that are compressed come back unpacked, since nothing can be taken out of them as they are.
    """
    return _Redactor(tuple(secrets)).value(value)  # type: ignore[no-any-return]


def leaks(data: bytes, secrets: Sequence[str]) -> list[str]:
    """What is in it that must not be, in words, as `a private key (base64, compressed)`; never the secret itself."""
    known = _known(secrets)
    bare = data.replace(MARK.encode(), b"\0")
    encoded = any(form.encode(errors="replace") in bare for form in _forms(tuple(secrets)))
    try:
        found = {f"{what} ({', '.join(how)})" if how else what for what, how in _found(data, known, (), set())}
    except encodings.TooLarge:
        return [f"something compressed of more than {encodings.UNPACKED_BYTES >> 20} MiB, which nobody looks through"]
    return sorted(found) or ([f"{KNOWN} (encoded)"] if encoded else [])


class _Redactor:
    def __init__(self, secrets: tuple[str, ...]) -> None:
        self.known = _known(secrets)
        self.forms = _forms(secrets)
        self.judged: dict[str, bool] = {}  # a log says the same thing again and again
        self.texts: dict[str, str] = {}  # and plain data has the same names in each entry

    def value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {self.value(key): self.value(part) for key, part in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(map(self.value, value))
        if isinstance(value, bytes):
            return self.text(_plain(value).decode(errors="replace")).encode()
        return self._short(value) if isinstance(value, str) else value

    def _short(self, text: str) -> str:
        if len(text) > _SHORT:
            return self.text(text)
        if text not in self.texts:
            self.texts[text] = self.text(text)
        return self.texts[text]

    def text(self, text: str) -> str:
        for form in self.forms:
            if form in text:
                text = text.replace(form, MARK)
        folded = text.lower()
        for pattern in PATTERNS:
            if pattern.may(text, folded):
                text = pattern.regex.sub(pattern.put, text)
        if not self._hides(text.encode(errors="replace")):
            return text
        for token in _TOKENS:
            text = token.sub(self._judged, text)
        return text

    def _judged(self, match: re.Match[str]) -> str:
        found = match[0]
        if found not in self.judged:
            self.judged[found] = self._hides(found.encode(errors="replace"))
        return MARK if self.judged[found] else found

    def _hides(self, data: bytes) -> bool:
        try:
            return any(how for _, how in _found(data, self.known, (), set()))
        except encodings.TooLarge:
            return True


def _plain(data: bytes) -> bytes:
    """Unpacked, where it is compressed as a whole; what cannot be is left out."""
    for _ in range(_DEPTH):
        if not encodings.packed(data):
            return data
        try:
            data = b"\n".join(encodings.unpacked(data))
        except encodings.TooLarge:
            return b"(compressed, and too large to be looked through)\n"
    return b"(compressed too often to be looked through)\n"


@functools.lru_cache(maxsize=4)
def _forms(secrets: tuple[str, ...]) -> list[str]:
    """Longest first: one secret may be a part of another."""
    return sorted({form for secret in secrets for form in encodings.forms(secret)}, key=len, reverse=True)


def _found(data: bytes, known: _Known, how: tuple[str, ...], seen: set[bytes]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(what, the encodings that it stands in)."""
    if how and _noise(data, known):
        return
    bare = data.replace(MARK.encode(), b"\0")  # a secret may be the very word
    if any(secret in bare for secret in known.all):
        yield KNOWN, how
    text = data.decode("latin-1")
    folded = text.lower()
    for pattern in PATTERNS:
        if pattern.may(text, folded) and pattern.regex.search(text):
            yield pattern.what, how
    if len(how) < _DEPTH:
        for step, plain in (*encodings.whole(data), *encodings.runs(data, seen)):
            yield from _found(plain, known, (*how, step), seen)


def _noise(data: bytes, known: _Known) -> bool:
    """Whether what was decoded says nothing, here or deeper: so it is with nearly all words and hashes."""
    odd = known.odd and (b"\\" in data or any(one in data for one in known.odd))
    return not odd and not _TELLING.search(data)
