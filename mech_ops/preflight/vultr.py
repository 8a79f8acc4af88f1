"""Vultr: is the token good here, may it do what the program does, and is there what the config names?

Source of paths, fields and permissions: Vultr's OpenAPI text; of the refusal of an address: vultr/vultr-csi#97; of what
a permission is called in the portal: docs.vultr.com, "What permissions can be granted to users".
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import Any

import httpx

from mech_infra.commands.volume import BLOCK_TYPE, MIN_GB
from mech_infra.config.fleet import Member
from mech_infra.config.host import HostConfig
from mech_ops.preflight import http, members
from mech_ops.preflight.checks import Check, NotLooked, Subject, Wrong

PORTAL = "my.vultr.com (Account, API)"
_VARIABLE = "VULTR_API_KEY"
# What an `up` does with it: permission in the account's list, its name in the portal.
NEEDS = {
    "subscriptions_view": "View Servers", "subscriptions": "Manage Servers", "provisioning": "Deploy New Servers",
    "firewall": "Manage Firewall",
}  # fmt: skip
_ALL = "manage_users"  # the portal: "overrides all other permission settings"


class Vultr:
    def __init__(
        self, client: httpx.Client, host: HostConfig, running: bool = False, fleet: Sequence[Member] = ()
    ) -> None:
        """`running`: the stack has its host already, so that no room is needed for another one. `fleet`: all its hosts."""
        self._client, self._host, self._running, self._fleet = client, host, running, fleet

    def subject(self) -> Subject:
        more = members.checks(self._all, self._free, self._host, self._fleet) if len(self._fleet) > 1 else []
        return Subject(
            "Vultr",
            [
                Check("token, and this machine's address", self.account, needed=True),
                Check("permissions", self.permissions),
                Check(f"region {self._host.region}", self.region),
                Check(f"plan {self._host.plan}", self.plan),
                Check(f"room for {self._host.plan} in {self._host.region}", self.room),
                Check(f"operating system {self._host.os_id}", self.system),
                Check(f"block storage in {self._host.region}", self.block_storage),
                *more,
            ],
        )

    def account(self) -> str:
        http.token(_VARIABLE, PORTAL)
        answer = http.get(self._client, "/account")
        said = str(http.body(answer).get("error", ""))
        if refused := re.search(r"Unauthorized IP address:?\s*(\S+)?", said):
            address = (refused[1] or "").rstrip(".") or "its address"
            raise Wrong(f"Vultr does not let this machine in; add {address} to the Access Control of {PORTAL}")
        if answer.status_code == 401:
            raise Wrong(f"{_VARIABLE} is not a valid token (Vultr: {said or 401}); make a new one at {PORTAL}")
        # 403: a token that may not read its account may still be good.
        if answer.status_code != 403 and "account" not in http.body(answer):
            raise NotLooked(
                f"{self._client.base_url} does not answer as Vultr does ({answer.status_code} to GET /account)"
            )
        return f"valid, and let in, at {self._client.base_url}"

    def permissions(self) -> str:
        answer = http.get(self._client, "/account")
        granted = (http.body(answer).get("account") or {}).get("acls")
        if answer.status_code != 200 or not isinstance(granted, list):
            raise NotLooked(f"Vultr does not tell this token's permissions ({answer.status_code} to GET /account)")
        missing = (
            [] if _ALL in granted else [f"{name} ({label})" for name, label in NEEDS.items() if name not in granted]
        )
        if missing:
            raise Wrong(f"the token's user lacks {', '.join(missing)}; the owner of the account grants it at {PORTAL}")
        return "all that the program needs"

    def region(self) -> str:
        found = self._one("regions", self._host.region, "mech:host.region")
        return str(found.get("city", "there"))

    def plan(self) -> str:
        found = self._one("plans", self._host.plan, "mech:host.plan")
        return f"{found.get('vcpu_count')} CPUs, {found.get('ram')} MB, {found.get('monthly_cost')} USD a month"

    def room(self) -> str:
        if self._running:
            return "not needed: the stack has resources already"
        region, plan, plans = self._host.region, self._host.plan, self._free()
        if plan not in plans:
            size = plan.partition("-")[2]
            like = [other for other in plans if other.partition("-")[2].startswith(size)]
            as_one = f" (as {', '.join(like[:3])})" if like else ""
            raise Wrong(
                f"{plan} is sold out or not offered in {region}; "
                f"set mech:host.plan to another one{as_one} or mech:host.region to another region"
            )
        return "there is"

    def system(self) -> str:
        systems = self._all("os")
        found = next((item for item in systems if item.get("id") == self._host.os_id), None)
        debian = next((item for item in systems if str(item.get("name", "")).startswith("Debian 12")), None)
        use = f"; set mech:host.osId to {debian['id']}, {debian['name']}" if debian else "; see GET /v2/os"
        if found is None:
            raise Wrong(f"mech:host.osId {self._host.os_id} is not an operating system of Vultr's{use}")
        if found.get("family") != "debian":
            raise Wrong(f"mech:host.osId {self._host.os_id} is {found.get('name')}, the program needs Debian{use}")
        return str(found.get("name"))

    def block_storage(self) -> str:
        size = self._host.data_volume_gb
        if size < MIN_GB:
            raise Wrong(
                f"mech:host.dataVolumeGb {size} is too small: Vultr sells {BLOCK_TYPE} from {MIN_GB} GB; raise it"
            )
        found = self._one("regions", self._host.region, "mech:host.region")
        if f"block_storage_{BLOCK_TYPE}" not in (found.get("options") or []):
            others = sorted(
                r["id"] for r in self._all("regions") if f"block_storage_{BLOCK_TYPE}" in r.get("options", [])
            )
            raise Wrong(
                f"Vultr has no block storage ({BLOCK_TYPE}) in {self._host.region}, and the databases' data need it; "
                f"set mech:host.region to one that has: {', '.join(others)}"
            )
        return f"{BLOCK_TYPE}, {size} GB"

    def _free(self) -> list[str]:
        region = self._host.region
        answer = http.get(self._client, f"/regions/{region}/availability")
        plans = http.body(answer).get("available_plans")
        if answer.status_code != 200 or not isinstance(plans, list):
            raise NotLooked(f"Vultr does not say what is free in {region} ({answer.status_code})")
        return plans

    def _one(self, path: str, id: str, key: str) -> dict[str, Any]:
        ids = {str(item.get("id")): item for item in self._all(path)}
        if id not in ids:
            near = difflib.get_close_matches(id, ids, n=3, cutoff=0.5) or sorted(ids)[:12]
            raise Wrong(f"{key} {id} does not exist at Vultr; use one that does, as {', '.join(near)}")
        return ids[id]

    def _all(self, path: str) -> list[dict[str, Any]]:
        """All pages of a list. Raises NotLooked when it is refused."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            query = {"per_page": "500", **({"cursor": cursor} if cursor else {})}
            answer = http.get(self._client, f"/{path}", query)
            page = http.body(answer)
            if answer.status_code != 200 or not isinstance(page.get(path), list):
                raise NotLooked(f"Vultr does not list its {path} ({answer.status_code} to GET /{path})")
            found += page[path]
            cursor = ((page.get("meta") or {}).get("links") or {}).get("next") or ""
            if not cursor:
                return found
