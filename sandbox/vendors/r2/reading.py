"""GET and HEAD of an object: whole or a range, if the caller's conditions hold."""

from __future__ import annotations

import email.utils
from pathlib import Path

from aiohttp import web

from sandbox.vendors.r2.errors import S3Error
from sandbox.vendors.r2.faults import Faults
from sandbox.vendors.r2.objects import Entry

_PIECE = 2**17


def matches(header: str, entry: Entry | None) -> bool:
    """Whether If-Match or If-None-Match names this object."""
    names = [name.strip().removeprefix("W/").strip('"') for name in header.split(",")]
    return entry is not None and ("*" in names or entry.etag in names)


def unmet() -> S3Error:
    return S3Error(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold.")


async def answer(request: web.Request, entry: Entry, path: Path, faults: Faults) -> web.StreamResponse:
    """The object's bytes as they are on disk. Raises S3Error for a condition that fails, or a range outside of it."""
    headers = {
        "ETag": f'"{entry.etag}"',
        "Last-Modified": email.utils.formatdate(entry.modified, usegmt=True),
        "Accept-Ranges": "bytes",
        "Content-Type": entry.kind,
    }
    if "If-Match" in request.headers and not matches(request.headers["If-Match"], entry):
        raise unmet()
    if matches(request.headers.get("If-None-Match", ""), entry):
        return web.Response(status=304, headers=headers)
    part = _range(request, entry.size)
    start, stop = part or (0, entry.size)
    if part:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{entry.size}"
    response = web.StreamResponse(status=206 if part else 200, headers=headers)
    response.content_length = stop - start
    with path.open("rb") as file:
        await response.prepare(request)
        file.seek(start)
        while request.method == "GET" and start < stop:
            piece = file.read(min(_PIECE, stop - start))
            await response.write(piece)
            await faults.pace(len(piece))
            start += len(piece)
    await response.write_eof()
    return response


def _range(request: web.Request, size: int) -> tuple[int, int] | None:
    """The first byte that is asked for and the one after the last; None for all, and for what cannot be read."""
    try:
        wanted = request.http_range
    except ValueError:
        return None
    if wanted.start is None:
        return None
    start, stop, _ = wanted.indices(size)
    if start >= stop:
        raise S3Error(416, "InvalidRange", "The requested range is not satisfiable")
    return start, stop
