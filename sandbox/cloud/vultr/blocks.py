"""Block storage (/blocks): a sparse image each, under settings.blocks; it outlives the instance."""

from __future__ import annotations

import asyncio
import os
import secrets
import uuid

from aiohttp import web

from sandbox.cloud.store import Json

from . import catalogue
from .api import LOCKED, Api, VultrError, answer, body, field, now, page, public
from .lifecycle import Lifecycle

# GB and US cents a GB and month; Vultr's block storage documentation.
_TYPES = {"high_perf": (10, 10000, 10), "storage_opt": (40, 40000, 2.5)}
MISSING = "Invalid block storage ID"
_GIB = 2**30


class Blocks:
    def __init__(self, api: Api, lifecycle: Lifecycle) -> None:
        self.api, self.lifecycle = api, lifecycle

    def routes(self) -> list[web.RouteDef]:
        base, one = "/v2/blocks", "/v2/blocks/{id}"
        return [
            web.get(base, self.index), web.post(base, self.create), web.get(one, self.get),
            web.patch(one, self.update), web.delete(one, self.delete), web.post(f"{one}/attach", self.attach),
            web.post(f"{one}/detach", self.detach),
        ]  # fmt: skip

    async def index(self, request: web.Request) -> web.Response:
        return page(request, [public(r) for r in self.api.store.all("block")], "blocks")

    async def get(self, request: web.Request) -> web.Response:
        return answer({"block": public(self.found(request))})

    async def create(self, request: web.Request) -> web.Response:
        data = await body(request)
        region = field(data, "region", str, required=True)
        if catalogue.find(catalogue.REGIONS, region) is None:
            raise VultrError(400, "Invalid region chosen.")
        block_type = field(data, "block_type", str, "") or "high_perf"
        if block_type not in _TYPES:
            raise VultrError(400, f"Invalid block_type: must be one of {', '.join(_TYPES)}.")
        size = _size(field(data, "size_gb", int, required=True), block_type)
        id = str(uuid.uuid4())
        self.allocate(id, size)
        record = {
            "id": id, "cost": _cost(size, block_type), "status": "active", "size_gb": size, "region": region,
            "attached_to_instance": "", "date_created": now(), "label": field(data, "label", str, ""),
            "mount_id": f"{region}-{secrets.token_hex(7)}", "block_type": block_type,
        }  # fmt: skip
        self.api.store.put("block", id, record)
        return answer({"block": record}, 202)

    async def update(self, request: web.Request) -> web.Response:
        record, data = self.found(request), await body(request)
        changes: Json = {}
        if data.get("label") is not None:
            changes["label"] = field(data, "label", str)
        if data.get("size_gb") is not None:
            size = _size(field(data, "size_gb", int), record["block_type"])
            if size < record["size_gb"]:
                raise VultrError(400, "Invalid size_gb: block storage can only grow.")
            self.allocate(record["id"], size)
            changes |= {"size_gb": size, "cost": _cost(size, record["block_type"])}
        self.api.store.update("block", record["id"], lambda r: r.update(changes))
        return answer(None, 204)

    async def delete(self, request: web.Request) -> web.Response:
        record = self.found(request)
        if record["attached_to_instance"]:
            raise VultrError(400, "Block storage is attached to an instance: detach it first.")
        self.api.store.delete("block", record["id"])
        self.lifecycle.image(record["id"]).unlink(missing_ok=True)
        return answer(None, 204)

    async def attach(self, request: web.Request) -> web.Response:
        record, data = self.found(request), await body(request)
        wanted = field(data, "instance_id", str, required=True)
        instance = self.api.store.get("instance", wanted)
        if instance is None:
            raise VultrError(400, "invalid instance ID")
        if record["attached_to_instance"]:
            raise VultrError(400, "Block storage volume is already attached to a server")
        if instance["region"] != record["region"]:
            raise VultrError(400, "Block storage is not in the instance's region.")
        if instance["status"] != "active":
            raise VultrError(400, LOCKED)
        live = field(data, "live", bool, False)
        await asyncio.to_thread(self.lifecycle.attach, record, wanted, live)
        return answer(None, 204)

    async def detach(self, request: web.Request) -> web.Response:
        record, data = self.found(request), await body(request)
        if not record["attached_to_instance"]:
            raise VultrError(400, "Block storage volume is not currently attached to a server")
        live = field(data, "live", bool, False)
        await asyncio.to_thread(self.lifecycle.detach, record, record["attached_to_instance"], live)
        return answer(None, 204)

    def allocate(self, id: str, size_gb: int) -> None:
        path = self.lifecycle.image(id)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.ftruncate(descriptor, size_gb * _GIB)
        finally:
            os.close(descriptor)

    def found(self, request: web.Request) -> Json:
        record = self.api.store.get("block", request.match_info["id"])
        if record is None:
            raise VultrError(404, MISSING)
        return record


def _size(size: int, block_type: str) -> int:
    low, high, _ = _TYPES[block_type]
    if not low <= size <= high:
        raise VultrError(400, f"Invalid size_gb: {block_type} must be between {low} and {high}.")
    return size


def _cost(size: int, block_type: str) -> float:
    return round(size * _TYPES[block_type][2] / 100, 2)
