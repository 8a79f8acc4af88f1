"""Instances (/instances): create, read, change, delete, power and the backup schedule."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
import secrets
import string
import uuid

from aiohttp import web

from sandbox.cloud.store import Json

from . import addresses, catalogue, networks
from .api import LOCKED, Api, VultrError, answer, body, field, now, page, public, strings
from .lifecycle import Lifecycle

_HOSTNAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*")
_PASSWORD = string.ascii_letters + string.digits
_SOURCES = ("os_id", "iso_id", "snapshot_id", "app_id", "image_id")
_SCHEDULES = ("daily", "weekly", "monthly", "daily_alt_even", "daily_alt_odd")
MISSING = "invalid instance ID"


class Instances:
    def __init__(self, api: Api, lifecycle: Lifecycle) -> None:
        self.api, self.lifecycle = api, lifecycle

    def routes(self) -> list[web.RouteDef]:
        base, one = "/v2/instances", "/v2/instances/{id}"
        return [
            web.get(base, self.index), web.post(base, self.create), web.get(one, self.get),
            web.patch(one, self.update), web.delete(one, self.delete),
            web.post(f"{one}/{{power:start|halt|reboot}}", self.power),
            web.post(f"{base}/{{power:start|halt|reboot}}", self.power_many),
            web.get(f"{one}/backup-schedule", self.schedule), web.post(f"{one}/backup-schedule", self.set_schedule),
        ]  # fmt: skip

    async def index(self, request: web.Request) -> web.Response:
        wanted = {name: request.query[name] for name in ("label", "region", "hostname", "main_ip", "firewall_group_id")
                  if name in request.query}  # fmt: skip
        records = [r for r in self.api.store.all("instance") if all(r[n] == v for n, v in wanted.items())]
        if "tag" in request.query:
            records = [r for r in records if request.query["tag"] in r["tags"]]
        return page(request, list(await asyncio.gather(*map(self.shown, records))), "instances")

    async def get(self, request: web.Request) -> web.Response:
        return answer({"instance": await self.shown(self.found(request))})

    async def create(self, request: web.Request) -> web.Response:
        data = await body(request)
        with self.api.store.transaction():
            record = self.validated(data)
            record |= networks.changes(self.api.store, data, record)
            if record["_reserved_ip"]:
                self.api.store.update(
                    "reserved_ip", record["_reserved_ip"], lambda ip: ip.update(instance_id=record["id"])
                )
            self.api.store.put("instance", record["id"], record)
        self.lifecycle.submit(record["id"], self.lifecycle.boot)
        return answer({"instance": {**public(record), "default_password": record["_password"]}}, 202)

    async def update(self, request: web.Request) -> web.Response:
        data = await body(request)
        with self.api.store.transaction():
            record = self.found(request)
            id, changes = record["id"], self.changes(data, record) | networks.changes(self.api.store, data, record)
            if "_ports" in changes and record["status"] != "active":
                raise VultrError(400, LOCKED)
            record = self.api.store.update("instance", id, lambda r: r.update(changes)) or record
        if "firewall_group_id" in changes:
            await asyncio.to_thread(self.lifecycle.firewall, id)
        if "_ports" in changes:
            await asyncio.to_thread(self.lifecycle.vpcs, id)
        return answer({"instance": await self.shown(record)}, 202)

    async def delete(self, request: web.Request) -> web.Response:
        await asyncio.to_thread(self.lifecycle.destroy, self.found(request)["id"])
        return answer(None, 204)

    async def power(self, request: web.Request) -> web.Response:
        self._power(self.found(request), request.match_info["power"])
        return answer(None, 204)

    async def power_many(self, request: web.Request) -> web.Response:
        records = [self.api.store.get("instance", id) for id in strings(await body(request), "instance_ids") or []]
        if not records or None in records:
            raise VultrError(404, MISSING)
        for record in records:
            self._power(record or {}, request.match_info["power"])
        return answer(None, 204)

    def _power(self, record: Json, what: str) -> None:
        if record["status"] != "active":
            raise VultrError(400, LOCKED)
        works = {"start": self.lifecycle.start, "halt": self.lifecycle.halt, "reboot": self.lifecycle.reboot}
        self.lifecycle.submit(record["id"], works[what])

    async def schedule(self, request: web.Request) -> web.Response:
        record = self.found(request)
        schedule = record.get("_schedule") or {"type": "daily", "hour": 0, "dow": 0, "dom": 0}
        if "auto_backups" not in record["features"]:
            schedule = {"type": "", "hour": 0, "dow": 0, "dom": 0}
        time = _next(schedule["hour"]) if schedule["type"] else ""
        enabled = bool(schedule["type"])
        return answer({"backup_schedule": {"enabled": enabled, **schedule, "next_scheduled_time_utc": time}})

    async def set_schedule(self, request: web.Request) -> web.Response:
        record, data = self.found(request), await body(request)
        schedule = {
            "type": field(data, "type", str, required=True), "hour": field(data, "hour", int, 0),
            "dow": field(data, "dow", int, 0), "dom": field(data, "dom", int, 0),
        }  # fmt: skip
        if "auto_backups" not in record["features"]:
            raise VultrError(400, "Backups are not enabled on this instance.")
        if schedule["type"] not in _SCHEDULES:
            raise VultrError(400, f"Invalid type: must be one of {', '.join(_SCHEDULES)}.")
        for name, low, high in (("hour", 0, 23), ("dow", 0, 7), ("dom", 0, 28)):
            if not low <= schedule[name] <= high:
                raise VultrError(400, f"Invalid {name}: must be between {low} and {high}.")
        self.api.store.update("instance", record["id"], lambda r: r.update(_schedule=schedule))
        return await self.schedule(request)

    def found(self, request: web.Request) -> Json:
        record = self.api.store.get("instance", request.match_info["id"])
        if record is None:
            raise VultrError(404, MISSING)
        return record

    async def shown(self, record: Json) -> Json:
        """The record with the power status the host really has."""
        if record["status"] == "active":
            state = await asyncio.to_thread(self.lifecycle.state, record["id"])
            record = {**record, "power_status": "running" if state == "running" else "stopped"}
            if state == "missing":
                record["server_status"] = "none"
        return public(record)

    def validated(self, data: Json) -> Json:
        """A new record, with its address. Raises VultrError 400 or 404. Call it inside a transaction."""
        region = self.offered(field(data, "region", str, required=True), catalogue.REGIONS, "region")
        plan = self.offered(field(data, "plan", str, required=True), catalogue.PLANS, "plan")
        system = self.system(data)
        label, id = field(data, "label", str, ""), str(uuid.uuid4())
        hostname = field(data, "hostname", str, "") or "vultr"
        if len(hostname) > 253 or not _HOSTNAME.fullmatch(hostname):
            raise VultrError(400, "Invalid hostname: letters, digits, dashes and dots only.")
        keys = [self.referred("ssh_key", key, "Invalid ssh key") for key in strings(data, "sshkey_id") or []]
        script = field(data, "script_id", str, "")
        group = field(data, "firewall_group_id", str, "")
        if group:
            self.referred("firewall_group", group, "Invalid firewall group ID.")
        reserved = self.reserved(field(data, "reserved_ipv4", str, ""), region["id"])
        address = reserved["subnet"] if reserved else addresses.free_instance(self.api.store, self.api.settings)
        user_scheme = field(data, "user_scheme", str, "") or "root"
        if user_scheme not in ("root", "limited"):
            raise VultrError(400, "Invalid user_scheme: must be root or limited.")
        return {
            "id": id, "os": system["name"], "os_id": system["id"], "ram": plan["ram"], "disk": plan["disk"],
            "plan": plan["id"], "vcpu_count": plan["vcpu_count"], "allowed_bandwidth": plan["bandwidth"],
            "main_ip": "0.0.0.0", "vpc_only": False, "region": region["id"], "date_created": now(),  # noqa: S104
            "status": "pending", "power_status": "running", "server_status": "none", "netmask_v4": "",
            "gateway_v4": "0.0.0.0", "v6_network": "", "v6_main_ip": "", "v6_network_size": 0,  # noqa: S104
            "v6_networks": [], "label": label, "internal_ip": "", "kvm": "", "app_id": 0, "image_id": "",
            "snapshot_id": "", "firewall_group_id": group, "features": self.features(data, []),
            "hostname": hostname, "tag": "", "tags": strings(data, "tags") or [], "user_scheme": user_scheme,
            "_address": address, "_reserved_ip": reserved["id"] if reserved else "",
            "_ssh_keys": [key["ssh_key"] for key in keys],
            "_script": self.referred("startup_script", script, "Invalid startup script ID")["script"] if script else "",
            "_user_data": field(data, "user_data", str, ""),
            "_password": "".join(secrets.choice(_PASSWORD) for _ in range(16)),
        }  # fmt: skip

    def changes(self, data: Json, record: Json) -> Json:
        """What a PATCH changes in the record. Raises VultrError 400."""
        changes: Json = {}
        for name in ("label", "user_scheme"):
            if data.get(name) is not None:
                changes[name] = field(data, name, str)
        if data.get("tags") is not None:
            changes["tags"] = strings(data, "tags")
        if data.get("user_data") is not None:
            changes["_user_data"] = field(data, "user_data", str)
        if data.get("firewall_group_id") is not None:
            changes["firewall_group_id"] = field(data, "firewall_group_id", str)
            if changes["firewall_group_id"]:
                self.referred("firewall_group", changes["firewall_group_id"], "Invalid firewall group ID.")
        if data.get("os_id") not in (None, "", record["os_id"], str(record["os_id"])):
            raise VultrError(400, "Invalid os_id: the sandbox does not reinstall a host; create another instance.")
        if data.get("plan"):
            plan = self.offered(field(data, "plan", str), catalogue.PLANS, "plan")
            if plan["disk"] < record["disk"]:
                raise VultrError(400, "Invalid plan: an instance cannot go to a plan with a smaller disk.")
            changes |= {
                "plan": plan["id"], "ram": plan["ram"], "disk": plan["disk"], "vcpu_count": plan["vcpu_count"],
                "allowed_bandwidth": plan["bandwidth"],
            }  # fmt: skip
        features = self.features(data, record["features"])
        return {**changes, "features": features} if features != record["features"] else changes

    def features(self, data: Json, present: list[str]) -> list[str]:
        wanted = set(present)
        backups = field(data, "backups", str)
        if backups not in (None, "", "enabled", "disabled"):
            raise VultrError(400, "Invalid backups: must be enabled or disabled.")
        for name, value in (
            ("auto_backups", None if not backups else backups == "enabled"),
            ("ddos_protection", field(data, "ddos_protection", bool)), ("ipv6", field(data, "enable_ipv6", bool)),
        ):  # fmt: skip
            if value is not None:
                (wanted.add if value else wanted.discard)(name)
        return sorted(wanted)

    def offered(self, id: str, items: list[Json], what: str) -> Json:
        found = catalogue.find(items, id)
        if found is None:
            raise VultrError(400, f"Invalid {what} chosen.")
        return found

    def referred(self, kind: str, id: str, error: str) -> Json:
        record = self.api.store.get(kind, id)
        if record is None:
            raise VultrError(400, error)
        return record

    def system(self, data: Json) -> Json:
        given = [name for name in _SOURCES if data.get(name)]
        if len(given) != 1:
            raise VultrError(400, f"Specify exactly one of {', '.join(_SOURCES)}.")
        found = catalogue.find(catalogue.SYSTEMS, field(data, "os_id", int))
        if found is None and given == ["os_id"]:
            raise VultrError(400, "Invalid OS selected.")
        if found is None or found["id"] != catalogue.DEBIAN_12:
            raise VultrError(400, f"The sandbox boots Debian 12 only: use os_id {catalogue.DEBIAN_12}.")
        return found

    def reserved(self, wanted: str, region: str) -> Json | None:
        """By id (what the provider sends) or by address."""
        if not wanted:
            return None
        for ip in self.api.store.all("reserved_ip"):
            if wanted in (ip["id"], ip["subnet"]):
                if ip["region"] != region:
                    raise VultrError(400, "Reserved IP is not in the instance's region.")
                if ip["instance_id"]:
                    raise VultrError(400, "Reserved IP is already attached to an instance.")
                return ip
        raise VultrError(400, "Invalid reserved-ip ID")


def _next(hour: int) -> str:
    time = dt.datetime.now(dt.UTC)
    due = time.replace(hour=hour, minute=0, second=0, microsecond=0)
    return (due if due > time else due + dt.timedelta(days=1)).isoformat()
