"""What is in a dump, by the dump itself: mongodump's archive (mongo-tools, common/archive) as it stands in a file."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from mech_infra.backup.words import Failed

_MAGIC, _END = 0x8199E26D, 0xFFFFFFFF
_LARGEST = 48 << 20  # of a document, in bytes; MongoDB's own limit is 16 MiB, and 16 KiB for itself
_SUM = 1 << 256
# Of the server itself: users are declared elsewhere, and the rest is made anew by whoever starts with empty data.
OWN = ("admin", "config", "local")


@dataclass
class Collection:
    """Its documents: how many, how many bytes, and a hash that does not depend on their order."""

    documents: int = 0
    size: int = 0  # in bytes
    _sum: int = 0
    kept: list[bytes] = field(default_factory=list, repr=False)  # whole documents, of a collection that is asked for

    def add(self, document: bytes) -> None:
        self.documents += 1
        self.size += len(document)
        self._sum = (self._sum + int.from_bytes(hashlib.sha256(document).digest(), "big")) % _SUM

    @property
    def hash(self) -> str:
        return f"{self._sum:064x}"


def read(path: Path, keep: str = "") -> dict[str, Collection]:
    """By DATABASE.COLLECTION, without the server's own. `keep`: the one whose documents are kept, a small one.

    Raises Failed for what is no archive, or ends too early.
    """
    try:
        with path.open("rb") as file:
            return _read(file, keep)
    except (struct.error, ValueError, EOFError) as error:
        raise Failed(
            "DUMP_BROKEN",
            f"the dump of MongoDB is cut off or no archive of mongodump ({error}): the next backup makes another",
        ) from None


def _read(file: IO[bytes], keep: str) -> dict[str, Collection]:
    if _number(file) != _MAGIC:
        raise ValueError("it does not begin as one")
    about = [strings(document) for document in _block(file)]
    found = {name: Collection() for one in about[1:] if _wanted(name := _name(one)) and one.get("type") != "view"}
    open_: set[str] = set()
    while True:
        header = _document(file, end=True)
        if header is None:
            break
        where = _name(strings(header))
        documents = list(_into(file, found.setdefault(where, Collection()), where == keep))
        open_.discard(where) if not documents else open_.add(where)
    if open_:
        raise EOFError(f"{min(open_)} has no end")
    return {name: one for name, one in found.items() if _wanted(name)}


def _into(file: IO[bytes], collection: Collection, kept: bool) -> Iterator[None]:
    for document in _block(file):
        collection.add(document)
        if kept:
            collection.kept.append(document)
        yield


def _block(file: IO[bytes]) -> Iterator[bytes]:
    """Documents until the mark that ends a block."""
    while (document := _document(file)) is not None:
        yield document


def _document(file: IO[bytes], end: bool = False) -> bytes | None:
    """None for the end of a block, and, with `end`, of the file."""
    head = file.read(4)
    if not head and end:
        return None
    (size,) = struct.unpack("<I", head)
    if size == _END:
        return None
    if not 5 <= size <= _LARGEST:
        raise ValueError(f"a document of {size} bytes")
    rest = file.read(size - 4)
    if len(rest) != size - 4:
        raise EOFError("in the middle of a document")
    return head + rest


def _number(file: IO[bytes]) -> int:
    return int(struct.unpack("<I", file.read(4))[0])


def _name(about: dict[str, str]) -> str:
    return f"{about.get('db', '')}.{about.get('collection', '')}"


def _wanted(name: str) -> bool:
    database, _, collection = name.partition(".")
    return database not in OWN and not collection.startswith("system.")


def strings(document: bytes) -> dict[str, str]:
    """The fields of a flat document that are texts (bsonspec.org)."""
    found: dict[str, str] = {}
    at = 4
    while document[at]:
        kind, after = document[at], document.index(0, at + 1)
        name, at = document[at + 1 : after].decode(), after + 1
        if kind == 2:
            (size,) = struct.unpack_from("<I", document, at)
            found[name] = document[at + 4 : at + 3 + size].decode(errors="replace")
            at += 4 + size
        elif kind in _SIZES:
            at += _SIZES[kind]
        else:
            break
    return found


# Of the kinds of a field without a length of its own: double, id, bool, date, null, 32 and 64 bit.
_SIZES = {1: 8, 7: 12, 8: 1, 9: 8, 10: 0, 16: 4, 17: 8, 18: 8}
