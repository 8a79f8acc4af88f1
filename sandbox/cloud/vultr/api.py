"""The frame of Vultr's API v2: authentication, rate limit, errors, bodies, pages.

Source: the public OpenAPI text (vultr/vultr-java api/openapi.yaml) and the error texts terraform-provider-vultr looks for.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from sandbox.cloud import refusals
from sandbox.cloud.limits import Limits, Window
from sandbox.cloud.store import Json, Store
from sandbox.cloud.tokens import Tokens
from sandbox.settings import Settings

log = logging.getLogger("sandbox.vultr")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_PUBLIC = re.compile(r"/v2/(regions(/[^/]+/availability)?|plans|os)")
PAGE, PAGE_MAX = 100, 500
LOCKED = "Server is currently locked: it is still being installed."


class VultrError(Exception):
    """An answer other than success; the text is what a client of the real API would read."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class Api:
    """What every handler needs."""

    def __init__(self, store: Store, settings: Settings, hosts: Any, limits: Limits) -> None:
        self.store, self.settings, self.hosts = store, settings, hosts
        self.tokens = Tokens(settings)
        self.window = Window(limits.vultr_per_second, 1.0)

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            if self.window.take(request.remote or "") > 0:
                limit = self.window.requests
                raise VultrError(
                    429,
                    f"Rate limit reached - please try your request again later. Current rate limit: {limit} requests/sec",
                )
            self._authenticate(request)
            return await handler(request)
        except VultrError as error:
            return answer({"error": error.message, "status": error.status}, error.status)
        except web.HTTPNotFound:
            return answer({"error": "Invalid resource path.", "status": 404}, 404)
        except web.HTTPMethodNotAllowed:
            return answer({"error": "Invalid HTTP method for this resource.", "status": 405}, 405)
        except web.HTTPException:
            raise
        except Exception:
            log.exception("vultr: %s %s failed", request.method, request.path)
            return answer({"error": "Internal server error (see the sandbox's daemon.log)", "status": 500}, 500)

    def _authenticate(self, request: web.Request) -> None:
        if _PUBLIC.fullmatch(request.path) and "Authorization" not in request.headers:
            return
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self.tokens.matches("vultr_api_key", token.strip()):
            raise VultrError(401, "Invalid API token.")
        if refusals.read(self.settings, "vultr").get("address"):
            raise VultrError(401, f"Unauthorized IP address: {request.remote}")


def answer(body: Json | None, status: int = 200) -> web.Response:
    if body is None:
        return web.Response(status=status)
    # Compact: the provider looks for `"status":404` without a space.
    return web.Response(status=status, text=json.dumps(body, separators=(",", ":")), content_type="application/json")


def now() -> str:
    """As Vultr writes times: 2020-10-10T01:56:20+00:00."""
    return dt.datetime.now(dt.UTC).replace(microsecond=0).isoformat()


async def body(request: web.Request) -> Json:
    """The JSON object of a request; an empty body is {}."""
    raw = await request.read()
    if not raw.strip():
        return {}
    try:
        value = json.loads(raw)
    except ValueError:
        raise VultrError(400, "Invalid JSON in request body.") from None
    if not isinstance(value, dict):
        raise VultrError(400, "Invalid JSON in request body: an object is expected.")
    return value


def field(data: Json, name: str, kind: type, default: Any = None, required: bool = False) -> Any:
    """One typed field. Raises VultrError 400 where it is missing or of another type."""
    value = data.get(name)
    if value is None or (required and value == ""):
        if required:
            raise VultrError(400, f"Missing required parameter: {name}.")
        return default
    if kind is int and isinstance(value, float) and value.is_integer():
        value = int(value)
    if kind is int and isinstance(value, str) and value.isdecimal():
        value = int(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise VultrError(400, f"Invalid {name}: expected {_KINDS[kind]}.")
    return value


_KINDS: dict[type, str] = {str: "a string", int: "an integer", bool: "a boolean", list: "an array"}


def strings(data: Json, name: str) -> list[str] | None:
    """A list of strings, or None where the field is absent."""
    values: list[str] | None = field(data, name, list)
    if values is not None and not all(isinstance(value, str) for value in values):
        raise VultrError(400, f"Invalid {name}: expected an array of strings.")
    return values


def public(record: Json) -> Json:
    """A record without what the API does not show (keys that begin with an underscore)."""
    return {name: value for name, value in record.items() if not name.startswith("_")}


def page(request: web.Request, items: list[Json], name: str) -> web.Response:
    """One page by `per_page` (1–500, else 100) and an opaque `cursor`, with meta.total and meta.links."""
    size = PAGE
    if request.query.get("per_page"):
        if not request.query["per_page"].isdecimal() or not 1 <= int(request.query["per_page"]) <= PAGE_MAX:
            raise VultrError(400, f"Invalid per_page: must be between 1 and {PAGE_MAX}.")
        size = int(request.query["per_page"])
    start = _decode(request.query.get("cursor", ""))
    links = {
        "next": _encode(start + size) if start + size < len(items) else "",
        "prev": _encode(max(0, start - size)) if start > 0 else "",
    }
    return answer({name: items[start : start + size], "meta": {"total": len(items), "links": links}})


def _encode(start: int) -> str:
    return base64.urlsafe_b64encode(f"at__{start}".encode()).decode()


def _decode(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        mark, _, number = base64.urlsafe_b64decode(cursor.encode()).decode().partition("__")
        if mark == "at":
            return max(0, int(number))
    except (ValueError, binascii.Error):
        pass
    raise VultrError(400, "Invalid cursor.")
