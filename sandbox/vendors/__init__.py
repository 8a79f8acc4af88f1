"""The services' vendors: OpenAI, Anthropic, GitHub and Cloudflare R2, told apart by Host.

`vendors.json` in the state folder makes them fail, read at each request:
  {"openai": {"delay_s": 40}, "anthropic": {"missing_models": ["claude-3-5-haiku-latest"]},
   "github": {"rate_limited": true}, "r2": {"denied": true}}
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aiohttp import web

from sandbox import credentials
from sandbox.settings import Settings
from sandbox.vendors import github, models, r2

__all__ = ["VENDOR_HOSTS", "vendors_app"]

VENDOR_HOSTS = ("api.openai.com", "api.anthropic.com", "api.github.com", "*.r2.cloudflarestorage.com")


class Vendors:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._bucket = r2.R2(settings.state / "r2")

    async def handle(self, request: web.Request) -> web.StreamResponse:
        host = (request.host or "").partition(":")[0].lower()
        keys = {name: credentials.load(self._settings).get(name, "") for name in credentials.VENDOR_KEYS}
        if host.endswith(".r2.cloudflarestorage.com"):
            fault = await self._fault("r2")
            return await self._bucket.handle(request, keys["r2_access_key"], keys["r2_secret_key"], fault)
        if host == "api.openai.com":
            return await models.openai(request, keys["openai_api_key"], await self._fault("openai"))
        if host == "api.anthropic.com":
            return await models.anthropic(request, keys["anthropic_api_key"], await self._fault("anthropic"))
        if host == "api.github.com":
            return github.handle(request, keys["github_token"], await self._fault("github"))
        return web.Response(status=421, text=f"{host or 'a request without Host'} is not served by the sandbox\n")

    async def _fault(self, vendor: str) -> dict[str, Any]:
        try:
            fault = json.loads((self._settings.state / "vendors.json").read_text()).get(vendor) or {}
        except (OSError, ValueError, AttributeError):
            return {}
        await asyncio.sleep(float(fault.get("delay_s", 0)))
        return dict(fault)


def vendors_app(settings: Settings) -> web.Application:
    """All vendors in one application; requests up to 200 MB (uploads to R2: any size)."""
    app = web.Application(client_max_size=200 * 2**20)
    app.router.add_route("*", "/{path:.*}", Vendors(settings).handle)
    return app
