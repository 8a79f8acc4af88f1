"""Reserved IPs (/reserved-ips)."""

from __future__ import annotations

import uuid

from aiohttp import web

from sandbox.cloud.store import Json

from . import addresses, catalogue
from .api import Api, VultrError, answer, body, field, page, public


class ReservedIps:
    def __init__(self, api: Api) -> None:
        self.api = api

    def routes(self) -> list[web.RouteDef]:
        base, one = "/v2/reserved-ips", "/v2/reserved-ips/{id}"
        return [
            web.get(base, self.index), web.post(base, self.create), web.get(one, self.get),
            web.patch(one, self.update), web.delete(one, self.delete), web.post(f"{one}/attach", self.attach),
            web.post(f"{one}/detach", self.detach),
        ]  # fmt: skip

    async def index(self, request: web.Request) -> web.Response:
        return page(request, [public(r) for r in self.api.store.all("reserved_ip")], "reserved_ips")

    async def get(self, request: web.Request) -> web.Response:
        return answer({"reserved_ip": public(self.found(request))})

    async def create(self, request: web.Request) -> web.Response:
        data = await body(request)
        region = field(data, "region", str, required=True)
        if catalogue.find(catalogue.REGIONS, region) is None:
            raise VultrError(400, "Invalid region chosen.")
        ip_type = field(data, "ip_type", str, required=True)
        if ip_type not in ("v4", "v6"):
            raise VultrError(400, "Invalid ip_type: must be v4 or v6.")
        if ip_type == "v6":
            raise VultrError(400, "The sandbox has no IPv6 addresses to reserve: use ip_type v4.")
        with self.api.store.transaction():
            record = {
                "id": str(uuid.uuid4()), "region": region, "ip_type": ip_type,
                "subnet": addresses.free_reserved(self.api.store, self.api.settings), "subnet_size": 32,
                "label": field(data, "label", str, ""), "instance_id": "",
            }  # fmt: skip
            self.api.store.put("reserved_ip", record["id"], record)
        return answer({"reserved_ip": record}, 201)

    async def update(self, request: web.Request) -> web.Response:
        record = self.found(request)
        record = {**record, "label": field(await body(request), "label", str, record["label"])}
        self.api.store.put("reserved_ip", record["id"], record)
        return answer({"reserved_ip": record})

    async def delete(self, request: web.Request) -> web.Response:
        self.api.store.delete("reserved_ip", self.found(request)["id"])
        return answer(None, 204)

    async def attach(self, request: web.Request) -> web.Response:
        record, wanted = self.found(request), field(await body(request), "instance_id", str, required=True)
        instance = self.api.store.get("instance", wanted)
        if instance is None:
            raise VultrError(400, "invalid instance ID")
        if record["instance_id"]:
            raise VultrError(400, "Reserved IP is already attached to an instance.")
        if instance["region"] != record["region"]:
            raise VultrError(400, "Reserved IP is not in the instance's region.")
        if instance["_address"] != record["subnet"]:
            # Saying yes would be a lie: traffic for it would go nowhere.
            raise VultrError(
                400, "The sandbox gives a host its reserved IP at creation only: set reserved_ipv4 on the new instance."
            )
        self.api.store.put("reserved_ip", record["id"], {**record, "instance_id": wanted})
        return answer(None, 204)

    async def detach(self, request: web.Request) -> web.Response:
        record = self.found(request)
        if not record["instance_id"]:
            raise VultrError(400, "Reserved IP is not attached to an instance.")
        self.api.store.put("reserved_ip", record["id"], {**record, "instance_id": ""})
        return answer(None, 204)

    def found(self, request: web.Request) -> Json:
        record = self.api.store.get("reserved_ip", request.match_info["id"])
        if record is None:
            raise VultrError(404, "Invalid reserved-ip ID")
        return record
