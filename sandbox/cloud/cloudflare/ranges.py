"""From where the edge comes to origins (/ips), as `ips.json` in the state folder says it, read at each request.

  {"ipv4_cidrs": ["10.77.0.3/32", "198.51.100.0/24"], "ipv6_cidrs": []}   what is published
  {"status": 503}                                                         no answer but this

Without the file it is the sandbox's edge alone: the whole of Cloudflare here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable

from aiohttp import web

from sandbox.cloud.cloudflare.http import ApiError, success
from sandbox.cloud.store import Json
from sandbox.settings import Settings


def handler(settings: Settings) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def published(request: web.Request) -> web.Response:
        said = _read(settings)
        if "status" in said:
            raise ApiError(int(said["status"]), 10013, "Unknown error")
        lists = {"ipv4_cidrs": [f"{settings.edge}/32"], "ipv6_cidrs": [], **said}
        etag = hashlib.md5(json.dumps(lists, sort_keys=True).encode(), usedforsecurity=False).hexdigest()
        return success({**lists, "etag": etag})

    return published


def _read(settings: Settings) -> Json:
    try:
        return dict(json.loads((settings.state / "ips.json").read_text()))
    except (OSError, ValueError, TypeError):
        return {}
