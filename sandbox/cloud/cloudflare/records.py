"""DNS records: /zones/{zone}/dns_records."""

from __future__ import annotations

import ipaddress
import secrets

from aiohttp import web

from sandbox.cloud.cloudflare.http import ApiError, body, now, success, zone_of
from sandbox.cloud.cloudflare.zones import shown
from sandbox.cloud.store import Json, Store

TYPES = ("A", "AAAA", "CNAME", "TXT", "MX", "NS", "CAA", "SRV")
_PROXIABLE = ("A", "AAAA", "CNAME")


class Records:
    """Create, read, change (PUT and PATCH), delete and list."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def add_routes(self, app: web.Application, prefix: str) -> None:
        path = f"{prefix}/zones/{{zone}}/dns_records"
        app.router.add_get(path, self.listing)
        app.router.add_post(path, self.create)
        app.router.add_get(f"{path}/{{id}}", self.get)
        app.router.add_put(f"{path}/{{id}}", self.change)
        app.router.add_patch(f"{path}/{{id}}", self.change)
        app.router.add_delete(f"{path}/{{id}}", self.delete)

    def _of(self, zone: Json) -> list[Json]:
        return [record for record in self.store.all("dns") if record["_zone"] == zone["id"]]

    def _found(self, zone: Json, request: web.Request) -> Json:
        record = self.store.get("dns", request.match_info["id"])
        if record is None or record["_zone"] != zone["id"]:
            raise ApiError(404, 81044, "Record does not exist.")
        return record

    async def listing(self, request: web.Request) -> web.Response:
        records = [shown(record) for record in self._of(zone_of(self.store, request))]
        for key in ("type", "name", "content", "proxied"):
            wanted = request.query.get(f"{key}.exact", request.query.get(key))
            if wanted is not None:
                records = [r for r in records if str(r[key]).lower() == wanted.lower()]
        return success(records, page=True, request=request)

    async def create(self, request: web.Request) -> web.Response:
        zone = zone_of(self.store, request)
        stamp = now()
        record = {**self._valid(zone, await body(request), None), "id": secrets.token_hex(16), "created_on": stamp}
        self.store.put("dns", record["id"], {**record, "modified_on": stamp, "_zone": zone["id"]})
        return success(shown({**record, "modified_on": stamp}))

    async def get(self, request: web.Request) -> web.Response:
        return success(shown(self._found(zone_of(self.store, request), request)))

    async def change(self, request: web.Request) -> web.Response:
        zone = zone_of(self.store, request)
        fields = await body(request)
        old = self._found(zone, request)
        if request.method == "PATCH":
            fields = {
                **{key: old[key] for key in ("type", "name", "content", "proxied", "ttl", "comment", "tags")},
                **fields,
            }
        record = {**old, **self._valid(zone, fields, old), "modified_on": now()}
        return success(shown(self.store.put("dns", old["id"], record)))

    async def delete(self, request: web.Request) -> web.Response:
        record = self._found(zone_of(self.store, request), request)
        self.store.delete("dns", record["id"])
        return success({"id": record["id"]})

    def _valid(self, zone: Json, fields: Json, old: Json | None) -> Json:
        kind, name = str(fields.get("type", "")), str(fields.get("name", "")).lower().rstrip(".")
        content, ttl = str(fields.get("content", "")), fields.get("ttl", 1)
        if kind not in TYPES:
            raise ApiError(400, 9004, f"DNS record type {kind or '(none)'} is invalid.")
        if name in ("", "@"):
            name = zone["name"] if name == "@" else name
        elif name != zone["name"] and not name.endswith(f".{zone['name']}"):
            name = f"{name}.{zone['name']}"
        if not name:
            raise ApiError(400, 9000, "DNS name is invalid.")
        _check_content(kind, content)
        proxied = bool(fields.get("proxied", False))
        if proxied and kind not in _PROXIABLE:
            raise ApiError(400, 9004, "This record type cannot be proxied.")
        if not isinstance(ttl, int) or (ttl != 1 and not 60 <= ttl <= 86400):
            raise ApiError(400, 9021, "Invalid TTL. Must be between 60 and 86400 seconds, or 1 for Automatic.")
        self._no_conflict(zone, kind, name, content, old)
        return {
            "name": name, "type": kind, "content": content, "proxiable": kind in _PROXIABLE, "proxied": proxied,
            # Cloudflare forces "automatic" on proxied records.
            "ttl": 1 if proxied else ttl, "settings": fields.get("settings") or {}, "meta": {},
            "comment": fields.get("comment"), "tags": fields.get("tags") or [],
            **({"priority": int(fields.get("priority", 0))} if kind == "MX" else {}),
        }  # fmt: skip

    def _no_conflict(self, zone: Json, kind: str, name: str, content: str, old: Json | None) -> None:
        for other in self._of(zone):
            if other["name"] != name or (old and other["id"] == old["id"]):
                continue
            if (other["type"], other["content"]) == (kind, content):
                raise ApiError(400, 81058, "An identical record already exists.")
            if "CNAME" in (kind, other["type"]) and other["type"] in _PROXIABLE and kind in _PROXIABLE:
                raise ApiError(400, 81053, "An A, AAAA, or CNAME record with that host already exists.")


def _check_content(kind: str, content: str) -> None:
    if not content:
        raise ApiError(400, 9005, f"Content for {kind} record is invalid. Must not be empty.")
    if kind in ("A", "AAAA"):
        version = 4 if kind == "A" else 6
        try:
            good = ipaddress.ip_address(content).version == version
        except ValueError:
            good = False
        if not good:
            raise ApiError(400, 9005, f"Content for {kind} record must be a valid IPv{version} address.")
