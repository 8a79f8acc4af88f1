"""Zones and their settings."""

from __future__ import annotations

import re
import secrets

from aiohttp import web

from sandbox.cloud import refusals
from sandbox.cloud.cloudflare import scopes
from sandbox.cloud.cloudflare.http import ApiError, body, now, success, zone_of
from sandbox.cloud.store import Json, Store
from sandbox.edge import NAME_SERVERS
from sandbox.settings import Settings

# The zone that a customer of Cloudflare already has; public and fixed, so that a stack's config can name it.
MECH_ZONE = "6d656368000000000000000000000000"
_NAME = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
# By the id of a rate plan; the ids of all but the free one are made up.
PLANS: dict[str, Json] = {
    plan: {"id": id, "name": f"{plan.capitalize()} Website", "price": price, "currency": "USD"}
    for plan, id, price in (
        ("free", "0feeeeeeeeeeeeeeeeeeeeeeeeeeeeee", 0), ("pro", "0" * 31 + "1", 20),
        ("business", "0" * 31 + "2", 200), ("enterprise", "0" * 31 + "3", 0),
    )
}  # fmt: skip
_ON_OFF = ("on", "off")
SETTINGS: dict[str, tuple[str, tuple[str, ...]]] = {  # id: value of a new zone, allowed values
    "ssl": ("full", ("off", "flexible", "full", "strict", "origin_pull")),
    "always_use_https": ("off", _ON_OFF),
    "min_tls_version": ("1.0", ("1.0", "1.1", "1.2", "1.3")),
    "automatic_https_rewrites": ("on", _ON_OFF),
    "opportunistic_encryption": ("on", _ON_OFF),
    "tls_client_auth": ("off", _ON_OFF),
    "tls_1_3": ("on", ("on", "off", "zrt")),
    "http3": ("on", _ON_OFF),
    "websockets": ("on", _ON_OFF),
    "brotli": ("on", _ON_OFF),
    "security_level": ("medium", ("off", "essentially_off", "low", "medium", "high", "under_attack")),
    "development_mode": ("off", _ON_OFF),
}


def ensure_zone(store: Store, account_id: str) -> None:
    """Have mech.is in the account."""
    if store.get("zone", MECH_ZONE) is None:
        store.put("zone", MECH_ZONE, _zone(MECH_ZONE, "mech.is", account_id))


def _zone(id: str, name: str, account_id: str) -> Json:
    stamp = now()
    return {
        "id": id, "name": name, "status": "active", "paused": False, "type": "full", "development_mode": 0,
        "name_servers": list(NAME_SERVERS), "original_name_servers": [], "original_registrar": None,
        "original_dnshost": None, "modified_on": stamp, "created_on": stamp, "activated_on": stamp,
        "owner": {"id": None, "type": "user", "email": None}, "account": {"id": account_id, "name": "Mech Sandbox"},
        "permissions": scopes.ALL,
        "plan": PLANS["free"],
        "meta": {"step": 4, "custom_certificate_quota": 0, "page_rule_quota": 3, "phishing_detected": False},
        "_settings": {},
    }  # fmt: skip


def shown(record: Json) -> Json:
    return {key: value for key, value in record.items() if not key.startswith("_")}


def setting(zone: Json, id: str) -> Json:
    changed = zone["_settings"].get(id)
    value = changed["value"] if changed else SETTINGS[id][0]
    return {"id": id, "value": value, "editable": True, "modified_on": changed["modified_on"] if changed else None}


class Zones:
    """/zones and /zones/{zone}/settings."""

    def __init__(self, store: Store, account_id: str, settings: Settings) -> None:
        self.store, self.account_id, self.sandbox = store, account_id, settings

    def _shown(self, zone: Json) -> Json:
        told = refusals.read(self.sandbox, "cloudflare")
        return {
            **shown(zone), "permissions": told.get("scopes", scopes.ALL), "status": told.get("zone", zone["status"]),
        }  # fmt: skip

    def add_routes(self, app: web.Application, prefix: str) -> None:
        router = app.router
        router.add_get(f"{prefix}/zones", self.listing)
        router.add_post(f"{prefix}/zones", self.create)
        router.add_get(f"{prefix}/zones/{{zone}}", self.get)
        router.add_patch(f"{prefix}/zones/{{zone}}", self.change)
        router.add_delete(f"{prefix}/zones/{{zone}}", self.delete)
        router.add_put(f"{prefix}/zones/{{zone}}/subscription", self.subscribe)
        router.add_get(f"{prefix}/zones/{{zone}}/settings", self.settings)
        router.add_get(f"{prefix}/zones/{{zone}}/settings/{{setting}}", self.get_setting)
        router.add_patch(f"{prefix}/zones/{{zone}}/settings/{{setting}}", self.change_setting)

    async def listing(self, request: web.Request) -> web.Response:
        zones = [self._shown(zone) for zone in self.store.all("zone")]
        for key in ("name", "status"):
            if key in request.query:
                zones = [zone for zone in zones if zone[key] == request.query[key]]
        return success(zones, page=True, request=request)

    async def create(self, request: web.Request) -> web.Response:
        fields = await body(request)
        name, account = str(fields.get("name", "")).lower(), fields.get("account") or {}
        if not _NAME.fullmatch(name):
            raise ApiError(400, 1105, f"{name} is not a valid zone name")
        if account.get("id") not in (None, self.account_id):
            raise ApiError(403, 1068, "Permission denied: the token has no access to this account")
        if any(zone["name"] == name for zone in self.store.all("zone")):
            raise ApiError(400, 1061, f"{name} already exists")
        zone = _zone(secrets.token_hex(16), name, self.account_id)
        return success(shown(self.store.put("zone", zone["id"], zone)))

    async def get(self, request: web.Request) -> web.Response:
        return success(self._shown(zone_of(self.store, request)))

    async def change(self, request: web.Request) -> web.Response:
        fields = await body(request)
        zone = zone_of(self.store, request)
        changed: Json = {key: fields[key] for key in ("paused", "type") if key in fields}
        return success(shown(self.store.put("zone", zone["id"], {**zone, **changed, "modified_on": now()})))

    async def delete(self, request: web.Request) -> web.Response:
        zone = zone_of(self.store, request)
        for kind in ("dns", "ruleset"):
            for record in self.store.all(kind):
                if record["_zone"] == zone["id"]:
                    self.store.delete(kind, record["id"])
        self.store.delete("zone", zone["id"])
        return success({"id": zone["id"]})

    async def subscribe(self, request: web.Request) -> web.Response:
        """Put the zone onto another plan."""
        wanted = ((await body(request)).get("rate_plan") or {}).get("id")
        if wanted not in PLANS:
            raise ApiError(400, 1004, f"Invalid rate plan: {wanted}")
        zone = zone_of(self.store, request)
        self.store.put("zone", zone["id"], {**zone, "plan": PLANS[wanted], "modified_on": now()})
        return success({"id": zone["id"], "rate_plan": {"id": wanted, "public_name": PLANS[wanted]["name"]}})

    async def settings(self, request: web.Request) -> web.Response:
        zone = zone_of(self.store, request)
        return success([setting(zone, id) for id in SETTINGS])

    def _id(self, request: web.Request) -> str:
        id = request.match_info["setting"]
        if id not in SETTINGS:
            raise ApiError(400, 1003, f"Undefined zone setting: {id}")
        return id

    async def get_setting(self, request: web.Request) -> web.Response:
        zone = zone_of(self.store, request)
        return success(setting(zone, self._id(request)))

    async def change_setting(self, request: web.Request) -> web.Response:
        value = (await body(request)).get("value")
        # Read after the last wait: another setting may have been changed meanwhile.
        zone, id = zone_of(self.store, request), self._id(request)
        if value not in SETTINGS[id][1]:
            raise ApiError(400, 1007, f"Invalid value for zone setting {id}")
        zone["_settings"][id] = {"value": value, "modified_on": now()}
        self.store.put("zone", zone["id"], zone)
        return success(setting(zone, id))
