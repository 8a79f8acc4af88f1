"""Cloudflare's API v4, as far as the platform, its tools and a person with curl use it."""

from __future__ import annotations

from aiohttp import web

from sandbox import credentials
from sandbox.cloud import refusals
from sandbox.cloud.cloudflare import ranges
from sandbox.cloud.cloudflare.buckets import Buckets, ensure_buckets
from sandbox.cloud.cloudflare.certificates import Certificates
from sandbox.cloud.cloudflare.http import middleware, success
from sandbox.cloud.cloudflare.records import Records
from sandbox.cloud.cloudflare.rulesets import Rulesets
from sandbox.cloud.cloudflare.zones import Zones, ensure_zone
from sandbox.cloud.store import Store
from sandbox.settings import Settings

PREFIX = "/client/v4"


def cloudflare_app(store: Store, settings: Settings) -> web.Application:
    """The API under /client/v4. The account owns mech.is, and two R2 buckets, from the first start."""
    account_id = credentials.ensure(settings)["cloudflare_account_id"]
    app = web.Application(middlewares=[middleware(settings)], client_max_size=2**20)
    ensure_zone(store, account_id)
    ensure_buckets(store)

    async def verify(request: web.Request) -> web.Response:
        return success(
            {
                "id": "6d656368746f6b656e00000000000001",
                "status": refusals.read(settings, "cloudflare").get("token", "active"),
            }
        )

    async def accounts(request: web.Request) -> web.Response:
        return success([{"id": account_id, "name": "Mech Sandbox", "type": "standard"}], page=True, request=request)

    app.router.add_get(f"{PREFIX}/ips", ranges.handler(settings))
    app.router.add_get(f"{PREFIX}/user/tokens/verify", verify)
    app.router.add_get(f"{PREFIX}/accounts", accounts)
    Zones(store, account_id, settings).add_routes(app, PREFIX)
    Records(store).add_routes(app, PREFIX)
    Rulesets(store).add_routes(app, PREFIX)
    Certificates(store, settings).add_routes(app, PREFIX)
    Buckets(store).add_routes(app, PREFIX)
    return app
