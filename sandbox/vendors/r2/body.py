"""A request's body, written down as it comes, since the daemon has others to serve."""

from __future__ import annotations

import hashlib
import tempfile
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from sandbox.vendors.r2.errors import S3Error
from sandbox.vendors.r2.faults import Faults
from sandbox.vendors.r2.signature import UNSIGNED


@dataclass(frozen=True)
class Body:
    """`size` in bytes, `md5` in hex."""

    path: Path
    size: int
    md5: str


@asynccontextmanager
async def kept(request: web.Request, folder: Path, payload: str, faults: Faults) -> AsyncIterator[Body]:
    """The body in a file of `folder`, which is gone afterwards unless somebody moved it.

    Raises S3Error where it is not the one that was signed (`payload`) or not what Content-MD5 says.
    """
    sha256, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as spool:
        path = Path(spool.name)
        try:
            async for piece in request.content.iter_any():
                spool.write(piece)
                sha256.update(piece)
                md5.update(piece)
                size += len(piece)
                await faults.pace(len(piece))
            spool.flush()
            if payload not in (UNSIGNED, sha256.hexdigest()):
                text = "The provided 'x-amz-content-sha256' header does not match what was computed."
                raise S3Error(400, "XAmzContentSHA256Mismatch", text)
            if request.headers.get("Content-MD5", given := b64encode(md5.digest()).decode()) != given:
                raise S3Error(400, "BadDigest", "The Content-MD5 you specified did not match what we received.")
            yield Body(path, size, md5.hexdigest())
        finally:
            path.unlink(missing_ok=True)
