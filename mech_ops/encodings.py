"""A text in other forms: what it becomes when it is encoded, and what stands in data that looks encoded or compressed."""

from __future__ import annotations

import base64
import binascii
import bz2
import html
import io
import json
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol
from urllib.parse import quote, quote_plus, unquote_to_bytes

UNPACKED_BYTES = 64 << 20  # of one compressed stream, at most
_GO = str.maketrans({"&": "\\u0026", "<": "\\u003c", ">": "\\u003e"})
_ESCAPE = re.compile(rb"""\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([ntr])|([^\w]))""")
_PERCENT, _ENTITY = re.compile(rb"%[0-9a-fA-F]{2}"), re.compile(rb"&[#\w]{2,10};")
_QUOTED = re.compile(rb"""'"'"'|'\\\\''""")  # a quote inside single quotes of a shell
_CONTROL = {b"n": b"\n", b"t": b"\t", b"r": b"\r"}
# base64(1) and PEM break lines at 64 or 76: the next line belongs to a run that fills its own.
_RUN = re.compile(rb"[A-Za-z0-9+/_-]{8,}(?:(?<=[A-Za-z0-9+/_-]{40})\r?\n[ \t]*[A-Za-z0-9+/_-]+)*={0,2}")
_HEX = re.compile(rb"[0-9a-fA-F]{12,}")
_SPREAD = re.compile(rb"(?:[0-9a-fA-F]{2}[: ]){5,}[0-9a-fA-F]{2}")
_PACKED_AS_BASE64 = (b"H4sI", b"QlpoO", b"/Td6WFo", b"UEsDB", b"eJ", b"eN", b"eA")  # gzip, bzip2, xz, zip, zlib
_GZIP, _BZIP2, _XZ, _ZIP = b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ\x00", b"PK\x03\x04"
_ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")


class TooLarge(Exception):
    """What is compressed becomes larger than anybody looks through."""


class _Stream(Protocol):
    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def forms(text: str) -> set[str]:
    """What logs, configs and scripts make of it: as is, for JSON, HTML, shells, URLs, in base64 at each alignment, in hex."""
    raw = text.encode(errors="replace")
    found = {text, html.escape(text), html.escape(text, quote=False), repr(text)[1:-1]}
    for ascii_only in (True, False):
        once = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        found |= {once, once.replace("/", "\\/"), once.translate(_GO), json.dumps(once, ensure_ascii=ascii_only)[1:-1]}
    quotes = {text.replace("'", inner) for inner in ("'\\''", "'\"'\"'")}
    found |= quotes | {re.sub(r'([$`"\\])', r"\\\1", text), re.sub(r"([^\w@%+=:,./-])", r"\\\1", text)}
    urls = {quote_plus(text), *(quote(text, safe=safe) for safe in ("", "/", "!~*'()"))}
    found |= urls | {re.sub(r"%..", lambda match: match[0].lower(), url) for url in urls}
    found |= {raw.hex(), raw.hex().upper()} | {raw.hex(mark) for mark in ": "}
    for ahead in range(3):
        coded = base64.b64encode(bytes(ahead) + raw).decode()
        # Only the characters that nothing before and nothing after has a bit of.
        core = coded[(0, 2, 3)[ahead] : (ahead + len(raw)) * 8 // 6]
        found |= {core, core.replace("+", "-").replace("/", "_")}
    return {one for one in found if len(one) >= min(6, len(text))}


def whole(data: bytes) -> Iterator[tuple[str, bytes]]:
    """(how it was encoded, the data without that), where there is a sign of it. Raises TooLarge."""
    lines = set(data.split(b"\n"))
    for how, sign, decode in _TEXTUAL:
        found = [plain for line in lines if sign.search(line) and (plain := decode(line)) != line]
        if found:
            yield how, b"\n".join(found)
    for plain in unpacked(data):
        yield "compressed", plain


def runs(data: bytes, seen: set[bytes]) -> Iterator[tuple[str, bytes]]:
    """(how it was encoded, what was decoded) of each run of characters that may be base64 or hex and is not `seen`."""
    new = {*_RUN.findall(data)} - seen
    seen |= new
    for run in new:
        yield from (("base64", plain) for plain in _from_base64(run))
        for digits in _HEX.findall(run):
            for at in (0, 1):
                yield "hex", binascii.unhexlify(digits[at : at + (len(digits) - at) // 2 * 2])
    for spread in {*_SPREAD.findall(data)} - seen:
        seen.add(spread)
        yield "hex", binascii.unhexlify(spread.replace(b":", b"").replace(b" ", b""))


def unpacked(data: bytes) -> Iterator[bytes]:
    """What is in each compressed stream that begins somewhere in it. Raises TooLarge."""
    for match in re.finditer(re.escape(_GZIP), data):
        yield from _streams(lambda: zlib.decompressobj(31), data[match.start() :])
    if data.startswith(_BZIP2):
        yield from _streams(bz2.BZ2Decompressor, data)
    if data.startswith(_XZ):
        yield from _streams(lzma.LZMADecompressor, data)
    if data.startswith(_ZLIB):
        yield from _streams(zlib.decompressobj, data)
    if data.startswith(_ZIP):
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                for member in archive.infolist():
                    if member.file_size > UNPACKED_BYTES:
                        raise TooLarge
                    yield member.filename.encode() + b"\n" + archive.read(member)
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, zlib.error):
            return


def packed(data: bytes) -> bool:
    """Whether it is compressed as a whole."""
    return data.startswith((_GZIP, _BZIP2, _XZ, _ZIP))


def _streams(start: object, data: bytes) -> Iterator[bytes]:
    """One after the other, as log rotation and `cat` leave them; of a broken one what can be read."""
    assert callable(start)
    found = b""
    while data:
        stream: _Stream = start()
        try:
            found += stream.decompress(data, UNPACKED_BYTES + 1)
        except (zlib.error, OSError, lzma.LZMAError, ValueError):
            break
        if len(found) > UNPACKED_BYTES:
            raise TooLarge
        data = stream.unused_data
    if found:
        yield found


def _unescaped(match: re.Match[bytes]) -> bytes:
    if match[1]:
        return chr(int(match[1], 16)).encode(errors="replace")
    return bytes([int(match[2], 16)]) if match[2] else _CONTROL.get(match[3], match[4])


_TEXTUAL: tuple[tuple[str, re.Pattern[bytes], Callable[[bytes], bytes]], ...] = (
    ("URL-encoded", _PERCENT, unquote_to_bytes),
    ("URL-encoded", _PERCENT, lambda line: unquote_to_bytes(line.replace(b"+", b" "))),
    ("escaped", _ESCAPE, lambda line: _ESCAPE.sub(_unescaped, line)),
    ("quoted", _QUOTED, lambda line: _QUOTED.sub(b"'", line)),
    ("HTML-escaped", _ENTITY, lambda line: html.unescape(line.decode("latin-1")).encode("latin-1", errors="replace")),
)


def _from_base64(run: bytes) -> Iterator[bytes]:
    """Decoded from each of the four places where it may begin, and from where something compressed does."""
    run = re.sub(rb"\s|=", b"", run).translate(bytes.maketrans(b"-_", b"+/"))
    starts = {0, 1, 2, 3, *(at for magic in _PACKED_AS_BASE64 if (at := run.find(magic)) > 0)}
    for at in starts:
        part = run[at:]
        part = part[:-1] if len(part) % 4 == 1 else part
        yield binascii.a2b_base64(part + b"=" * (-len(part) % 4))
