"""Firewall groups and their rules (/firewalls). A change of rules reaches every attached host before the answer."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import uuid

from aiohttp import web

from sandbox.cloud.store import Json

from .api import Api, VultrError, answer, body, field, now, page
from .lifecycle import Lifecycle

MAX_RULES = 50
_PROTOCOLS = ("icmp", "tcp", "udp", "gre", "esp", "ah")
_PORT = re.compile(r"(\d{1,5})(?::(\d{1,5}))?")


class Firewalls:
    def __init__(self, api: Api, lifecycle: Lifecycle) -> None:
        self.api, self.lifecycle = api, lifecycle

    def routes(self) -> list[web.RouteDef]:
        one, rules = "/v2/firewalls/{id}", "/v2/firewalls/{id}/rules"
        return [
            web.get("/v2/firewalls", self.index), web.post("/v2/firewalls", self.create), web.get(one, self.get),
            web.put(one, self.update), web.delete(one, self.delete), web.get(rules, self.rules),
            web.post(rules, self.add), web.get(f"{rules}/{{rule}}", self.rule),
            web.delete(f"{rules}/{{rule}}", self.remove),
        ]  # fmt: skip

    async def index(self, request: web.Request) -> web.Response:
        return page(request, [self.shown(g) for g in self.api.store.all("firewall_group")], "firewall_groups")

    async def get(self, request: web.Request) -> web.Response:
        return answer({"firewall_group": self.shown(self.group(request))})

    async def create(self, request: web.Request) -> web.Response:
        description = field(await body(request), "description", str, "")
        time = now()
        group = {"id": str(uuid.uuid4()), "description": description, "date_created": time, "date_modified": time}
        self.api.store.put("firewall_group", group["id"], group)
        return answer({"firewall_group": self.shown(group)}, 201)

    async def update(self, request: web.Request) -> web.Response:
        description = field(await body(request), "description", str, required=True)
        group = self.group(request)
        self.api.store.put("firewall_group", group["id"], {**group, "description": description, "date_modified": now()})
        return answer(None, 204)

    async def delete(self, request: web.Request) -> web.Response:
        group = self.group(request)["id"]
        attached = self.attached(group)
        with self.api.store.transaction():
            for rule in self.api.store.all(f"firewall_rule:{group}"):
                self.api.store.delete(f"firewall_rule:{group}", str(rule["id"]))
            for instance in attached:
                self.api.store.put("instance", instance["id"], {**instance, "firewall_group_id": ""})
            self.api.store.delete("firewall_group", group)
        await self.apply([instance["id"] for instance in attached])
        return answer(None, 204)

    async def rules(self, request: web.Request) -> web.Response:
        group = self.group(request)["id"]
        return page(request, self.api.store.all(f"firewall_rule:{group}"), "firewall_rules")

    async def rule(self, request: web.Request) -> web.Response:
        return answer({"firewall_rule": self.found(request)})

    async def add(self, request: web.Request) -> web.Response:
        wanted = validated(await body(request))
        # Read after the last wait: requests run side by side, and two must not take the same number.
        group = self.group(request)
        kind = f"firewall_rule:{group['id']}"
        with self.api.store.transaction():
            rules = self.api.store.all(kind)
            if len(rules) >= MAX_RULES:
                raise VultrError(400, f"Firewall group has reached its limit of {MAX_RULES} rules.")
            if any(_same(rule, wanted) for rule in rules):
                raise VultrError(400, "This rule is already defined.")
            # Ids are never used again within a group: a stale id must not hit another rule.
            number = int(group.get("_next_rule", 1))
            rule = {"id": number, **wanted}
            self.api.store.put(kind, str(number), rule)
            self.touch(group["id"], number + 1)
        await self.apply([instance["id"] for instance in self.attached(group["id"])])
        return answer({"firewall_rule": rule}, 201)

    async def remove(self, request: web.Request) -> web.Response:
        group, rule = self.group(request)["id"], self.found(request)
        with self.api.store.transaction():
            self.api.store.delete(f"firewall_rule:{group}", str(rule["id"]))
            self.touch(group)
        await self.apply([instance["id"] for instance in self.attached(group)])
        return answer(None, 204)

    async def apply(self, instances: list[str]) -> None:
        await asyncio.gather(*(asyncio.to_thread(self.lifecycle.firewall, id) for id in instances))

    def touch(self, group: str, next_rule: int | None = None) -> None:
        def change(record: Json) -> None:
            record["date_modified"] = now()
            if next_rule is not None:
                record["_next_rule"] = next_rule

        self.api.store.update("firewall_group", group, change)

    def attached(self, group: str) -> list[Json]:
        return [i for i in self.api.store.all("instance") if i["firewall_group_id"] == group]

    def shown(self, group: Json) -> Json:
        return {
            "id": group["id"], "description": group["description"], "date_created": group["date_created"],
            "date_modified": group["date_modified"], "instance_count": len(self.attached(group["id"])),
            "rule_count": len(self.api.store.all(f"firewall_rule:{group['id']}")), "max_rule_count": MAX_RULES,
        }  # fmt: skip

    def group(self, request: web.Request) -> Json:
        group = self.api.store.get("firewall_group", request.match_info["id"])
        if group is None:
            raise VultrError(404, "Firewall group not found")
        return group

    def found(self, request: web.Request) -> Json:
        group = self.group(request)
        rule = self.api.store.get(f"firewall_rule:{group['id']}", request.match_info["rule"])
        if rule is None:
            raise VultrError(404, "Firewall rule ID not found")
        return rule


def validated(data: Json) -> Json:
    """The rule as it is stored. Raises VultrError 400."""
    ip_type = field(data, "ip_type", str, required=True)
    protocol = field(data, "protocol", str, required=True).lower()
    source = field(data, "source", str, "")
    notes = field(data, "notes", str, "")
    if ip_type not in ("v4", "v6"):
        raise VultrError(400, "Invalid ip_type: must be v4 or v6.")
    if protocol not in _PROTOCOLS:
        raise VultrError(400, f"Invalid protocol: must be one of {', '.join(_PROTOCOLS)}.")
    if source not in ("", "cloudflare"):
        raise VultrError(400, "Invalid source: must be empty or cloudflare (load balancers are not in the sandbox).")
    subnet = field(data, "subnet", str, required=not source, default="")
    size = field(data, "subnet_size", int, required=not source, default=0)
    if not source:
        try:
            address = ipaddress.ip_address(subnet)
        except ValueError:
            raise VultrError(400, "Invalid subnet: must be an IP address.") from None
        if address.version != int(ip_type[1]):
            raise VultrError(400, f"Invalid subnet: not an IP{ip_type} address.")
        if not 0 <= size <= address.max_prefixlen:
            raise VultrError(400, f"Invalid subnet_size: must be between 0 and {address.max_prefixlen}.")
    return {
        "type": ip_type, "ip_type": ip_type, "action": "accept", "protocol": protocol,
        "port": _port(data, protocol), "subnet": subnet, "subnet_size": size, "source": source, "notes": notes,
    }  # fmt: skip


def _port(data: Json, protocol: str) -> str:
    value = data.get("port")
    port = str(value) if isinstance(value, int) and not isinstance(value, bool) else field(data, "port", str, "")
    port = str(port).replace("-", ":")
    if protocol not in ("tcp", "udp"):
        if port:
            raise VultrError(400, "Invalid port: only TCP and UDP rules have one.")
        return ""
    match = _PORT.fullmatch(port)
    if match is None:
        raise VultrError(400, "Invalid port: must be a port (80) or a range (8000:9000).")
    low, high = int(match[1]), int(match[2] or match[1])
    if not 1 <= low <= high <= 65535:
        raise VultrError(400, "Invalid port: must be between 1 and 65535, ranges upwards.")
    return port


def _same(rule: Json, wanted: Json) -> bool:
    return all(
        rule[name] == wanted[name] for name in ("ip_type", "protocol", "port", "subnet", "subnet_size", "source")
    )
