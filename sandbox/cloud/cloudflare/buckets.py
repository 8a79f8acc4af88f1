"""R2's buckets and their lock rules: /accounts/ID/r2/buckets. Their objects are `sandbox.vendors.r2`'s."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from aiohttp import web

from sandbox.cloud.cloudflare.http import ApiError, body, now, success
from sandbox.cloud.store import Json, Store

SERVICES, BACKUP = "mech-storage", "mech-backup"  # the account has them from the first start
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_MOST_RULES = 1000


def ensure_buckets(store: Store) -> None:
    """The buckets that the account has. One that somebody deleted stays away."""
    if not store.get("buckets", "made"):
        with store.transaction():
            store.put("buckets", "made", {"at": now()})
            for name in (SERVICES, BACKUP):
                _make(store, name)


class Buckets:
    def __init__(self, store: Store) -> None:
        self._store = store

    def add_routes(self, app: web.Application, prefix: str) -> None:
        base = f"{prefix}/accounts/{{account}}/r2/buckets"
        app.router.add_get(base, self.listing)
        app.router.add_post(base, self.create)
        app.router.add_get(f"{base}/{{name}}", self.get)
        app.router.add_delete(f"{base}/{{name}}", self.delete)
        app.router.add_get(f"{base}/{{name}}/lock", self.rules)
        app.router.add_put(f"{base}/{{name}}/lock", self.lock)

    def _found(self, request: web.Request) -> Json:
        record = self._store.get("bucket", request.match_info["name"])
        if record is None:
            raise ApiError(404, 10006, "The specified bucket does not exist.")
        return record

    async def listing(self, request: web.Request) -> web.Response:
        return success({"buckets": [_shown(record) for record in self._store.all("bucket")]})

    async def create(self, request: web.Request) -> web.Response:
        name = (await body(request)).get("name")
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ApiError(400, 10005, "The specified bucket name is not valid.")
        if self._store.get("bucket", name):
            raise ApiError(409, 10004, "The bucket you tried to create already exists, and you own it.")
        return success(_shown(_make(self._store, name)))

    async def get(self, request: web.Request) -> web.Response:
        return success(_shown(self._found(request)))

    async def delete(self, request: web.Request) -> web.Response:
        self._store.delete("bucket", self._found(request)["name"])
        return success({})

    async def rules(self, request: web.Request) -> web.Response:
        return success({"rules": self._found(request)["rules"]})

    async def lock(self, request: web.Request) -> web.Response:
        record, rules = self._found(request), (await body(request)).get("rules", [])
        if not isinstance(rules, list) or len(rules) > _MOST_RULES or not all(_is_rule(rule) for rule in rules):
            raise ApiError(400, 10040, "The bucket lock configuration is not valid.")

        def change(kept: Json) -> None:
            kept["rules"] = rules

        self._store.update("bucket", record["name"], change)
        return success({})


def _make(store: Store, name: str) -> Json:
    return store.put("bucket", name, {"name": name, "creation_date": now(), "location": "auto", "rules": []})


def _shown(record: Json) -> Json:
    return {name: value for name, value in record.items() if name != "rules"}


def _is_rule(rule: Any) -> bool:
    if not isinstance(rule, dict) or not isinstance(rule.get("id"), str) or not isinstance(rule.get("enabled"), bool):
        return False
    condition = rule.get("condition")
    match condition:
        case {"type": "Age", "maxAgeSeconds": int(age)}:
            return age > 0
        case {"type": "Date", "date": str(date)}:
            try:
                return dt.datetime.fromisoformat(date) is not None
            except ValueError:
                return False
        case {"type": "Indefinite"}:
            return True
    return False
