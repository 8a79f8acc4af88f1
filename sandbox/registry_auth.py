"""Private images: a registry that asks who pulls, by Bearer tokens as dockerd fetches and shows them.

`registry.json` in the state folder says which registries do, read at each request; without it all are open:
  {"ghcr.io": {"user": "mech", "token": "ghp_0123"}}
Source: the distribution project's token authentication specification. What is said to nobody (401, UNAUTHORIZED) and to a
wrong token (403, DENIED) is as ghcr.io's users report it: "unauthorized", "denied: denied".
"""

from __future__ import annotations

import hmac
import json
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from aiohttp import encode_basic_auth, web
from aiohttp.typedefs import Handler, Middleware

from sandbox.settings import Settings

VERSION = {"Docker-Distribution-Api-Version": "registry/2.0"}
_LIVES_S = 300


def host_of(request: web.Request) -> str:
    return (request.host or "").partition(":")[0].lower()


def error(
    status: int, code: str, message: str, detail: object = None, headers: dict[str, str] = VERSION
) -> web.Response:
    """The API's error body."""
    body = {"errors": [{"code": code, "message": message, **({"detail": detail} if detail is not None else {})}]}
    return web.json_response(body, status=status, headers=headers)


@dataclass(frozen=True)
class _Grant:
    host: str
    repositories: frozenset[str]
    ends: float


class Gate:
    """Stands before the registry's routes. Tokens are kept in memory only: after a restart clients fetch new ones."""

    def __init__(self, settings: Settings) -> None:
        self._file = settings.state / "registry.json"
        self._granted: dict[str, _Grant] = {}

    @property
    def middleware(self) -> Middleware:
        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            key = self._key(host_of(request))
            if key is None:
                return await handler(request)
            if request.path == "/token":
                return self._token(request, key)
            return await handler(request) if self._granted_to(request) else self._challenge(request)

        return guard

    def _key(self, host: str) -> str | None:
        """The Authorization that opens this registry; None: it is open to all."""
        try:
            entry = json.loads(self._file.read_text())[host]
            return encode_basic_auth(str(entry["user"]), str(entry["token"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _token(self, request: web.Request, key: str) -> web.Response:
        given = request.headers.get("Authorization")
        if given is None:
            return error(401, "UNAUTHORIZED", "authentication required")
        if not hmac.compare_digest(given.encode(), key.encode()):
            return error(403, "DENIED", "denied")
        now, token = time.time(), secrets.token_urlsafe(32)
        scopes = [scope.split(":") for text in request.query.getall("scope", []) for scope in text.split()]
        names = frozenset(scope[1] for scope in scopes if len(scope) == 3 and scope[0] == "repository")
        self._granted = {key: grant for key, grant in self._granted.items() if grant.ends > now}
        self._granted[token] = _Grant(host_of(request), names, now + _LIVES_S)
        issued = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return web.json_response(
            {"token": token, "access_token": token, "expires_in": _LIVES_S, "issued_at": issued}, headers=VERSION
        )

    def _granted_to(self, request: web.Request) -> bool:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        grant = self._granted.get(token)
        if kind.lower() != "bearer" or grant is None or grant.host != host_of(request) or grant.ends <= time.time():
            return False
        return request.path == "/v2/" or request.match_info.get("name") in grant.repositories

    def _challenge(self, request: web.Request) -> web.Response:
        host, name = host_of(request), request.match_info.get("name")
        scope = f',scope="repository:{name}:pull"' if name else ""
        asks = {"WWW-Authenticate": f'Bearer realm="https://{host}/token",service="{host}"{scope}'}
        return error(401, "UNAUTHORIZED", "authentication required", headers={**VERSION, **asks})
