"""The services' vendors: OpenAI, Anthropic, GitHub and Cloudflare R2, told apart by Host.

`vendors.json` in the state folder makes them fail, read at each request:
  {"openai": {"delay_s": 40}, "anthropic": {"missing_models": ["claude-3-5-haiku-latest"]},
   "github": {"rate_limited": true}, "r2": {"denied": true}}
What R2 can be made to do: `sandbox.vendors.r2.faults`.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aiohttp import web

from sandbox import credentials
from sandbox.cloud.store import Store
from sandbox.settings import Settings
from sandbox.vendors import github, models, r2

__all__ = ["VENDOR_HOSTS", "vendors_app"]

VENDOR_HOSTS = ("api.openai.com", "api.anthropic.com", "api.github.com", "*.r2.cloudflarestorage.com")


class Vendors:
    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._r2 = r2.R2(settings.state / "r2", store)

    async def close(self, _: web.Application) -> None:
        self._r2.close()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        host = (request.host or "").partition(":")[0].lower()
        keys = {name: credentials.load(self._settings).get(name, "") for name in credentials.VENDOR_KEYS}
        if host.endswith(".r2.cloudflarestorage.com"):
            return await self._r2.handle(request, r2.keys(keys), await self._fault("r2"))
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


def vendors_app(settings: Settings, store: Store) -> web.Application:
    """All vendors in one application; requests up to 200 MB (uploads to R2: any size). `store`: R2's buckets."""
    app, vendors = web.Application(client_max_size=200 * 2**20), Vendors(settings, store)
    app.router.add_route("*", "/{path:.*}", vendors.handle)
    app.on_cleanup.append(vendors.close)
    return app
