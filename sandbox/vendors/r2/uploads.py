"""Multipart uploads: begun, their parts, completed or aborted. Those that nobody ends stay (R2: 7 days)."""

from __future__ import annotations

import asyncio
import hashlib
import re
import shutil
from pathlib import Path
from xml.sax.saxutils import escape

from aiohttp import web

from sandbox.vendors.r2.body import Body
from sandbox.vendors.r2.errors import S3Error, no_upload, xml
from sandbox.vendors.r2.objects import Objects, Part

_LEAST = 5 * 2**20  # bytes of every part but the last
_PART = re.compile(r"<Part>(.*?)</Part>", re.S)


class Uploads:
    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def begin(self, request: web.Request, bucket: str, key: str) -> web.Response:
        id = self._objects.begin(bucket, key, request.headers.get("Content-Type", "application/octet-stream"))
        place = f"<Bucket>{bucket}</Bucket><Key>{escape(key)}</Key><UploadId>{id}</UploadId>"
        return xml(f"<InitiateMultipartUploadResult>{place}</InitiateMultipartUploadResult>")

    def put(self, request: web.Request, bucket: str, key: str, body: Body) -> web.Response:
        id, _ = self._known(request, bucket, key)
        number = request.query.get("partNumber", "")
        if not number.isdecimal() or not 1 <= int(number) <= 10000:
            raise S3Error(400, "InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive.")
        self._objects.put_part(id, int(number), body.path, body.size, body.md5)
        return web.Response(headers={"ETag": f'"{body.md5}"'})

    def abort(self, request: web.Request, bucket: str, key: str) -> web.Response:
        self._objects.end(self._known(request, bucket, key)[0])
        return web.Response(status=204)

    async def whole(self, request: web.Request, bucket: str, key: str, said: str, into: Path) -> tuple[str, str]:
        """Writes the parts that `said` lists into a file; returns the object's ETag and Content-Type."""
        id, kind = self._known(request, bucket, key)
        parts = self._listed(self._objects.parts(id), said)
        if any(part.size < _LEAST for part in parts[:-1]):
            raise S3Error(
                400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed object size."
            )
        if len({part.size for part in parts[:-1]}) > 1:
            raise S3Error(400, "InvalidPart", "All non-trailing parts must have the same length.")
        await asyncio.to_thread(_join, [self._objects.path(part) for part in parts], into)
        digests = b"".join(bytes.fromhex(part.etag) for part in parts)
        return f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(parts)}", kind

    def _known(self, request: web.Request, bucket: str, key: str) -> tuple[str, str]:
        id = request.query["uploadId"]
        kind = self._objects.upload(id, bucket, key)
        if kind is None:
            raise no_upload()
        return id, kind

    def _listed(self, there: list[Part], said: str) -> list[Part]:
        known = {(part.number, part.etag): part for part in there}
        wanted = []
        for one in _PART.findall(said):
            number, etag = re.search(r"<PartNumber>\s*(\d+)", one), re.search(r"([0-9a-f]{32})", one)
            part = known.get((int(number[1]), etag[1])) if number and etag else None
            if part is None:
                raise S3Error(400, "InvalidPart", "One or more of the specified parts could not be found.")
            wanted.append(part)
        if not wanted or [part.number for part in wanted] != sorted({part.number for part in wanted}):
            raise S3Error(400, "InvalidPart", "The list of parts was empty, or not in ascending order.")
        return wanted


def _join(parts: list[Path], into: Path) -> None:
    with into.open("wb") as out:
        for path in parts:
            with path.open("rb") as piece:
                shutil.copyfileobj(piece, out, 2**20)
