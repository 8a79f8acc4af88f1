"""Zone rulesets: /zones/{zone}/rulesets and the entry point of a phase."""

from __future__ import annotations

import secrets

from aiohttp import web

from sandbox.cloud.cloudflare.http import ApiError, body, now, success, zone_of
from sandbox.cloud.cloudflare.zones import shown
from sandbox.cloud.store import Json, Store

PHASES = (
    "http_request_firewall_custom", "http_ratelimit", "http_request_dynamic_redirect", "http_request_transform",
    "http_request_origin", "http_request_cache_settings", "http_config_settings", "http_response_headers_transform",
)  # fmt: skip


class Rulesets:
    """One zone ruleset a phase, as Cloudflare has it."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def add_routes(self, app: web.Application, prefix: str) -> None:
        path = f"{prefix}/zones/{{zone}}/rulesets"
        app.router.add_get(path, self.listing)
        app.router.add_post(path, self.create)
        app.router.add_get(f"{path}/phases/{{phase}}/entrypoint", self.entrypoint)
        app.router.add_put(f"{path}/phases/{{phase}}/entrypoint", self.set_entrypoint)
        app.router.add_get(f"{path}/{{id}}", self.get)
        app.router.add_put(f"{path}/{{id}}", self.change)
        app.router.add_delete(f"{path}/{{id}}", self.delete)

    def _of(self, zone: Json) -> list[Json]:
        return [record for record in self.store.all("ruleset") if record["_zone"] == zone["id"]]

    def _found(self, request: web.Request) -> Json:
        zone = zone_of(self.store, request)
        record = self.store.get("ruleset", request.match_info["id"])
        if record is None or record["_zone"] != zone["id"]:
            raise ApiError(404, 20021, "could not find ruleset")
        return record

    async def listing(self, request: web.Request) -> web.Response:
        records = self._of(zone_of(self.store, request))
        return success([{key: value for key, value in shown(r).items() if key != "rules"} for r in records])

    async def create(self, request: web.Request) -> web.Response:
        fields = await body(request)
        zone = zone_of(self.store, request)
        phase = fields.get("phase")
        if phase not in PHASES:
            raise ApiError(400, 20023, f"unknown phase {phase!r}")
        if fields.get("kind") != "zone":
            raise ApiError(400, 20022, "kind must be zone")
        if any(record["phase"] == phase for record in self._of(zone)):
            raise ApiError(
                400, 20217,
                "A similar configuration with rules already exists and overwriting will have unintended consequences.",
            )  # fmt: skip
        return success(shown(self._save(zone, fields, None)))

    async def get(self, request: web.Request) -> web.Response:
        return success(shown(self._found(request)))

    async def change(self, request: web.Request) -> web.Response:
        fields = await body(request)
        record = self._found(request)
        return success(shown(self._save(zone_of(self.store, request), fields, record)))

    async def delete(self, request: web.Request) -> web.Response:
        self.store.delete("ruleset", self._found(request)["id"])
        return web.Response(status=204)

    def _entry(self, zone: Json, phase: str) -> Json | None:
        return next((record for record in self._of(zone) if record["phase"] == phase), None)

    async def entrypoint(self, request: web.Request) -> web.Response:
        record = self._entry(zone_of(self.store, request), request.match_info["phase"])
        if record is None:
            raise ApiError(404, 10003, "could not find entrypoint ruleset in the given phase")
        return success(shown(record))

    async def set_entrypoint(self, request: web.Request) -> web.Response:
        fields, phase = await body(request), request.match_info["phase"]
        zone = zone_of(self.store, request)
        if phase not in PHASES:
            raise ApiError(400, 20023, f"unknown phase {phase!r}")
        return success(
            shown(
                self._save(
                    zone, {"name": "default", "kind": "zone", **fields, "phase": phase}, self._entry(zone, phase)
                )
            )
        )

    def _save(self, zone: Json, fields: Json, old: Json | None) -> Json:
        kept = {rule["id"]: rule for rule in (old or {}).get("rules", [])}
        stamp = now()
        rules = [_rule(rule, kept, stamp) for rule in fields.get("rules") or []]
        id = old["id"] if old else secrets.token_hex(16)
        base = old or fields
        return self.store.put(
            "ruleset", id,
            {
                "id": id, "name": fields.get("name") or base.get("name") or "", "description": fields.get("description") or "",
                "kind": base["kind"], "phase": base["phase"], "version": str(int(old["version"]) + 1 if old else 1),
                "last_updated": stamp, "rules": rules, "_zone": zone["id"],
            },
        )  # fmt: skip


def _rule(rule: Json, kept: dict[str, Json], stamp: str) -> Json:
    if not rule.get("expression") or not rule.get("action"):
        raise ApiError(400, 20120, "a rule needs an expression and an action")
    old = kept.get(rule.get("id", ""))
    id = old["id"] if old else secrets.token_hex(16)
    said = {
        key: rule[key]
        for key in ("action", "expression", "description", "action_parameters", "logging", "ratelimit")
        if rule.get(key) is not None
    }
    return {
        "id": id, "version": str(int(old["version"]) + 1 if old else 1), "enabled": rule.get("enabled", True),
        "ref": rule.get("ref") or (old or {}).get("ref") or id, "last_updated": stamp, **said,
    }  # fmt: skip
