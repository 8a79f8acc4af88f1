"""VPCs (/vpcs) and which instances are attached to them (/instances/…/vpcs).

Source: Vultr's OpenAPI text, and govultr for what that lacks. That a VPC in use is not deleted, in these words, is what
terraform-provider-vultr looks for; the addresses in them are the public ones (people who measured it in public).
"""

from __future__ import annotations

import asyncio

from aiohttp import web

from sandbox.cloud.store import Json

from . import networks
from .api import LOCKED, Api, VultrError, answer, body, field, page
from .instances import MISSING as NO_INSTANCE
from .lifecycle import Lifecycle


class Vpcs:
    def __init__(self, api: Api, lifecycle: Lifecycle) -> None:
        self.api, self.lifecycle = api, lifecycle

    def routes(self) -> list[web.RouteDef]:
        base, one, instance = "/v2/vpcs", "/v2/vpcs/{id}", "/v2/instances/{id}"
        return [
            web.get(base, self.index), web.post(base, self.create), web.get(one, self.get), web.put(one, self.update),
            web.delete(one, self.delete), web.get(f"{instance}/{{kind:vpcs|vpc2}}", self.of_instance),
            web.post(f"{instance}/vpcs/{{deed:attach|detach}}", self.change),
        ]  # fmt: skip

    async def index(self, request: web.Request) -> web.Response:
        return page(request, self.api.store.all("vpc"), "vpcs")

    async def get(self, request: web.Request) -> web.Response:
        return answer({"vpc": self.found(request)})

    async def create(self, request: web.Request) -> web.Response:
        data = await body(request)
        with self.api.store.transaction():
            return answer({"vpc": networks.new_vpc(self.api.store, data)}, 201)

    async def update(self, request: web.Request) -> web.Response:
        description = field(await body(request), "description", str, "")
        self.api.store.update("vpc", self.found(request)["id"], lambda vpc: vpc.update(description=description))
        return answer(None, 204)

    async def delete(self, request: web.Request) -> web.Response:
        id = self.found(request)["id"]
        attached = ", ".join(instance["_address"] for instance in networks.members(self.api.store, id))
        if attached:
            raise VultrError(400, f"The following servers are attached to this VPC network: {attached}")
        self.api.store.delete("vpc", id)
        await asyncio.to_thread(self.lifecycle.hosts.remove_vpc, self.api.settings, id)
        return answer(None, 204)

    async def of_instance(self, request: web.Request) -> web.Response:
        """No VPC 2.0, which Vultr has given up; the official plugin asks for both kinds at every read."""
        ports = networks.ports(self.instance(request)) if request.match_info["kind"] == "vpcs" else []
        shown = [{"id": port.vpc, "mac_address": port.mac, "ip_address": port.address} for port in ports]
        return page(request, shown, "vpcs")

    async def change(self, request: web.Request) -> web.Response:
        wanted, deed = field(await body(request), "vpc_id", str, required=True), request.match_info["deed"]
        instance = self.instance(request)
        attached = any(port.vpc == wanted for port in networks.ports(instance))
        if attached == (deed == "attach"):
            raise VultrError(400, f"VPC is {'already' if attached else 'not'} attached to this instance.")
        if instance["status"] != "active":
            raise VultrError(400, LOCKED)
        with self.api.store.transaction():
            changes = networks.changes(self.api.store, {f"{deed}_vpc": [wanted]}, instance)
            self.api.store.update("instance", instance["id"], lambda record: record.update(changes))
        await asyncio.to_thread(self.lifecycle.vpcs, instance["id"])
        return answer(None, 204)

    def found(self, request: web.Request) -> Json:
        record = self.api.store.get("vpc", request.match_info["id"])
        if record is None:
            raise VultrError(404, networks.MISSING)
        return record

    def instance(self, request: web.Request) -> Json:
        record = self.api.store.get("instance", request.match_info["id"])
        if record is None:
            raise VultrError(404, NO_INSTANCE)
        return record
