"""Vultr's API v2 over the store and the hosts of one sandbox."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from sandbox.cloud import limits, refusals
from sandbox.cloud.store import Store
from sandbox.settings import Settings

from . import catalogue
from .api import Api, VultrError, answer, page
from .blocks import Blocks
from .firewalls import Firewalls
from .instances import Instances
from .keys import Keys, Scripts
from .lifecycle import Lifecycle
from .reserved import ReservedIps
from .vpcs import Vpcs

__all__ = ["Lifecycle", "vultr_app"]

LIFECYCLE: web.AppKey[Lifecycle] = web.AppKey("lifecycle", Lifecycle)


def vultr_app(store: Store, settings: Settings, hosts: Any) -> web.Application:
    """The API under /v2. `hosts` is `sandbox.host`; boots that were interrupted go on when the app starts.

    Raises ValueError where cloud.json or credentials.json is not readable.
    """
    api = Api(store, settings, hosts, limits.load(settings))
    lifecycle = Lifecycle(store, settings, hosts)
    app = web.Application(middlewares=[api.middleware])
    app[LIFECYCLE] = lifecycle
    for part in (
        Instances(api, lifecycle), Firewalls(api, lifecycle), Keys(api), Scripts(api), ReservedIps(api),
        Blocks(api, lifecycle), Vpcs(api, lifecycle),
    ):  # fmt: skip
        app.add_routes(part.routes())
    app.add_routes(_lists(settings))

    async def run(_: web.Application) -> Any:
        lifecycle.resume()
        yield
        lifecycle.close()

    app.cleanup_ctx.append(run)
    return app


def _lists(settings: Settings) -> list[web.RouteDef]:
    async def regions(request: web.Request) -> web.Response:
        without = refusals.read(settings, "vultr").get("no_block_storage") or []
        return page(
            request, [catalogue.without_blocks(r) if r["id"] in without else r for r in catalogue.REGIONS], "regions"
        )

    async def availability(request: web.Request) -> web.Response:
        if catalogue.find(catalogue.REGIONS, request.match_info["region"]) is None:
            raise VultrError(404, "Invalid region.")
        gone = refusals.read(settings, "vultr").get("sold_out") or []
        return answer({"available_plans": [plan["id"] for plan in catalogue.PLANS if plan["id"] not in gone]})

    async def plans(request: web.Request) -> web.Response:
        kind = request.query.get("type", "all")
        return page(request, [p for p in catalogue.PLANS if kind in ("all", p["type"])], "plans")

    async def systems(request: web.Request) -> web.Response:
        return page(request, catalogue.SYSTEMS, "os")

    async def account(_: web.Request) -> web.Response:
        acls = refusals.read(settings, "vultr").get("acls", catalogue.ACLS)
        return answer({"account": {
            "name": "Mech Sandbox", "email": "sandbox@mech.is", "acls": acls, "balance": 0, "pending_charges": 0,
            "last_payment_date": "2024-01-01T00:00:00+00:00", "last_payment_amount": 0,
        }})  # fmt: skip

    return [
        web.get("/v2/regions", regions), web.get("/v2/plans", plans), web.get("/v2/os", systems),
        web.get("/v2/account", account), web.get("/v2/regions/{region}/availability", availability),
    ]  # fmt: skip
