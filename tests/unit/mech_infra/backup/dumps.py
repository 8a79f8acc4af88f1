"""Dumps as mongodump makes them, written here by the archive's own description (mongo-tools, common/archive/archive.go)."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

END = b"\xff\xff\xff\xff"


def bson(document: Mapping[str, Any]) -> bytes:
    body = b"".join(_field(name, value) for name, value in document.items())
    return struct.pack("<i", len(body) + 5) + body + b"\0"


def _field(name: str, value: Any) -> bytes:
    key = name.encode() + b"\0"
    if isinstance(value, bool):
        return b"\x08" + key + (b"\1" if value else b"\0")
    if isinstance(value, int):
        return b"\x12" + key + struct.pack("<q", value)
    text = str(value).encode() + b"\0"
    return b"\x02" + key + struct.pack("<i", len(text)) + text


def archive(collections: Mapping[str, Sequence[Mapping[str, Any]]], blocks: int = 1) -> bytes:
    """By DATABASE.COLLECTION its documents; each collection comes in `blocks` parts, in turn with the others (as with -j)."""
    names = {name: dict(zip(("db", "collection"), name.split(".", 1), strict=True)) for name in collections}
    parts = [
        struct.pack("<I", 0x8199E26D),
        bson({"concurrent_collections": 1, "version": "0.1", "server_version": "7.0.14", "tool_version": "100.10.0"}),
    ]
    for about in names.values():
        metadata = json.dumps({"indexes": [], "collectionName": about["collection"], "type": "collection"})
        parts.append(bson({**about, "metadata": metadata, "size": 1, "type": "collection"}))
    parts.append(END)
    for turn in range(blocks):
        for name, documents in collections.items():
            if mine := documents[turn::blocks]:
                parts += [bson({**names[name], "EOF": False, "CRC": 0}), *map(bson, mine), END]
            if blocks == 1:
                parts += _end(names[name], documents)
    if blocks > 1:
        for name, about in names.items():
            parts += _end(about, [one for turn in range(blocks) for one in collections[name][turn::blocks]])
    return b"".join(parts)


def write(path: Path, collections: Mapping[str, Sequence[Mapping[str, Any]]], blocks: int = 1) -> Path:
    path.write_bytes(archive(collections, blocks))
    return path


def _end(about: Mapping[str, str], documents: Sequence[Mapping[str, Any]]) -> list[bytes]:
    return [bson({**about, "EOF": True, "CRC": crc64(b"".join(map(bson, documents)))}), END]


def crc64(data: bytes) -> int:
    """ECMA-182, reflected, as Go's hash/crc64 has it; signed, as BSON does."""
    crc = (1 << 64) - 1
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xC96C5795D7870F42 if crc & 1 else 0)
    crc ^= (1 << 64) - 1
    return crc - (1 << 64) if crc >> 63 else crc
