"""What every path of Cloudflare's API v4 shares: envelope, authentication, rate limit, errors, pages."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from sandbox.cloud import limits, refusals
from sandbox.cloud.cloudflare import scopes
from sandbox.cloud.store import Json, Store
from sandbox.cloud.tokens import Tokens
from sandbox.settings import Settings

_PUBLIC = ("/client/v4/ips",)


class ApiError(Exception):
    """Answered as a failed envelope with Cloudflare's own code."""

    def __init__(self, status: int, code: int, text: str) -> None:
        super().__init__(text)
        self.status, self.code, self.text = status, code, text


def now() -> str:
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def middleware(settings: Settings) -> Any:
    """Checks token and rate, and turns ApiError into a failed envelope. `cloud.json` may set other limits."""
    tokens, limit = Tokens(settings), limits.load(settings)
    window = limits.Window(limit.cloudflare_requests, limit.cloudflare_window_s)

    @web.middleware
    async def check(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> Any:
        if request.path not in _PUBLIC:
            given = request.headers.get("Authorization", "")
            if not given.startswith("Bearer "):
                return failure(400, 9106, 'Missing "Authorization" header')
            if not tokens.matches("cloudflare_api_token", given.removeprefix("Bearer ").strip()):
                if request.path.endswith("/user/tokens/verify"):
                    return failure(401, 1000, "Invalid API Token")
                return failure(403, 10000, "Authentication error")
            if (refused := scopes.refusal(request, refusals.read(settings, "cloudflare").get("scopes"))) is not None:
                return failure(403, *refused)
            wait = window.take("token")
            if wait > 0:
                text = "Rate limited. Please wait and consider throttling your request speed"
                return failure(429, 10000, text, {"Retry-After": str(math.ceil(wait))})
        try:
            return await handler(request)
        except ApiError as problem:
            return failure(problem.status, problem.code, problem.text)
        except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
            return failure(400, 7003, f"Could not route to {request.path}, perhaps your object identifier is invalid?")

    return check


def failure(status: int, code: int, text: str, headers: dict[str, str] | None = None) -> web.Response:
    body = {"success": False, "errors": [{"code": code, "message": text}], "messages": [], "result": None}
    return web.json_response(body, status=status, headers=headers)


def success(result: Any, *, page: bool = False, request: web.Request | None = None) -> web.Response:
    """A good envelope; a list with `page` is cut to the request's page and per_page, with result_info."""
    body: Json = {"success": True, "errors": [], "messages": [], "result": result}
    if page and request is not None:
        try:
            number, size = int(request.query.get("page", "1")), int(request.query.get("per_page", "100"))
        except ValueError:
            raise ApiError(400, 6003, "Invalid request parameters: page and per_page must be numbers") from None
        if number < 1 or not 1 <= size <= 5000:
            raise ApiError(400, 6003, "Invalid request parameters: page from 1, per_page from 1 to 5000")
        part = result[(number - 1) * size : number * size]
        total = len(result)
        body["result"] = part
        body["result_info"] = {
            "page": number, "per_page": size, "count": len(part), "total_count": total,
            "total_pages": math.ceil(total / size),
        }  # fmt: skip
    return web.json_response(body)


async def body(request: web.Request) -> Json:
    try:
        value = json.loads(await request.text())
    except ValueError:
        raise ApiError(400, 9207, "Request body is invalid JSON.") from None
    if not isinstance(value, dict):
        raise ApiError(400, 9207, "Request body is invalid.")
    return value


def zone_of(store: Store, request: web.Request) -> Json:
    """The zone in the path. Raises ApiError as the API does for an id that is not one or not ours."""
    id = request.match_info["zone"]
    if len(id) != 32 or set(id) - set("0123456789abcdef"):
        raise ApiError(400, 7003, f"Could not route to {request.path}, perhaps your object identifier is invalid?")
    zone = store.get("zone", id)
    if zone is None:
        raise ApiError(404, 1001, "Invalid zone identifier")
    return zone
