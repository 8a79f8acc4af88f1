"""Cloudflare: is the token good, is the zone the domain's and in use, may the token do there what the program does?

Nothing is written, so a permission is seen in two ways: a GET on the path says whether the token may read, and the
zone's own list `permissions` whether it may edit. Source of paths, codes and permissions: Cloudflare's OpenAPI text
(x-api-token-group, x-cfPermissionsRequired) and its page on API token permissions.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx

from mech_infra.config import PlatformConfig
from mech_infra.facts.clouds.ranges import Absurd, accepted
from mech_ops.preflight import http
from mech_ops.preflight.checks import Check, NotLooked, Subject, Wrong

DASHBOARD = "dash.cloudflare.com (My Profile, API Tokens)"
_VARIABLE = "CLOUDFLARE_API_TOKEN"


@dataclass(frozen=True)
class Scope:
    """A permission of a token: its name in the dashboard, in a zone's list, and a GET that needs it."""

    label: str
    name: str
    path: str
    edit: bool = True


def scopes(platform: PlatformConfig, zone: str) -> list[Scope]:
    """What the program, as this stack configures it, does with a zone that exists."""
    return [
        Scope("Zone > DNS", "dns_records", f"/zones/{zone}/dns_records?per_page=5"),
        Scope("Zone > Zone Settings", "zone_settings", f"/zones/{zone}/settings/ssl"),
        # Read in every preview, to see what others put there; written only where clients are blocked.
        Scope("Zone > Zone WAF", "waf", f"/zones/{zone}/rulesets", edit=bool(platform.edge.blocked)),
        *(
            [Scope("Zone > SSL and Certificates", "ssl", f"/certificates?zone_id={zone}")]
            if platform.certificate.source == "origin-ca"
            else []
        ),
    ]


_PLANS = ("free", "pro", "business", "enterprise")


class Cloudflare:
    def __init__(self, client: httpx.Client, platform: PlatformConfig, running: bool = False) -> None:
        """`running`: the stack has resources already, so that a zone of this name may be its own."""
        self._client, self._platform, self._running = client, platform, running
        self._zone: dict[str, Any] = {}

    def subject(self) -> Subject:
        token, zone_id = Check("token", self.token, needed=True), self._platform.edge.zone_id
        ranges = [Check("ranges of the edge", self.ranges)] if self._platform.firewall.web_from == "cloudflare" else []
        if zone_id is None:
            account = Check(f"account for the zone {self._platform.domain}", self.account)
            return Subject("Cloudflare", [token, *ranges, account])
        return Subject(
            "Cloudflare",
            [
                token,
                *ranges,
                Check(f"zone {self._platform.domain}", self.zone, needed=True),
                Check("zone in use", self.in_use),
                Check("zone's plan", self.plan),
                *(
                    Check(f"permission {scope.label}: {'Edit' if scope.edit else 'Read'}", partial(self.may, scope))
                    for scope in scopes(self._platform, zone_id)
                ),
            ],
        )

    def token(self) -> str:
        http.token(_VARIABLE, DASHBOARD)
        answer = http.get(self._client, "/user/tokens/verify")
        found = http.body(answer)
        status = (found.get("result") or {}).get("status")
        if answer.status_code == 200 and status == "active":
            return f"valid and active, at {self._client.base_url}"
        if answer.status_code == 200:
            raise Wrong(f"{_VARIABLE} is {status or 'not active'}; make a new token, or switch it on, at {DASHBOARD}")
        # A token that an account owns, not a user, is unknown there and works all the same.
        if http.get(self._client, "/zones", {"name": self._platform.domain}).status_code == 200:
            return "works (not a user's token, so that its status is not told)"
        raise Wrong(f"{_VARIABLE} is not a valid token (Cloudflare: {_words(found)}); make a new one at {DASHBOARD}")

    def ranges(self) -> str:
        """Whether the firewall may follow what Cloudflare publishes. Raises Wrong, NotLooked."""
        answer = http.get(self._client, "/ips")
        if answer.status_code != 200:
            raise NotLooked(f"Cloudflare answers {answer.status_code} to GET /ips: {_words(http.body(answer))}")
        try:
            found = accepted((http.body(answer).get("result") or {}).get("ipv4_cidrs"))
        except Absurd as what:
            raise Wrong(
                f"Cloudflare's list of its ranges is refused: {what}; try again, or set mech:firewall.webFrom to everyone"
            ) from None
        return f"{len(found)}, to which alone 80 and 443 will be open"

    def zone(self) -> str:
        zone_id, domain = self._platform.edge.zone_id, self._platform.domain
        answer = http.get(self._client, f"/zones/{zone_id}")
        self._zone = http.body(answer).get("result") or {}
        name = self._zone.get("name")
        if answer.status_code == 200 and name == domain:
            return f"{zone_id} is its id"
        of = (
            f"is the zone {name}, not {domain}"
            if name
            else f"is no zone that the token may read ({_words(http.body(answer))})"
        )
        right = self._by_name()
        if right and right.get("id") != zone_id:
            raise Wrong(f"mech:edge.zoneId {zone_id} {of}; set it to {right['id']}, which is {domain}'s")
        raise Wrong(
            f"mech:edge.zoneId {zone_id} {of}, and the token sees no zone {domain}; "
            f"correct mech:domain or the id, or give the token Zone > Zone: Read for {domain} at {DASHBOARD}"
        )

    def in_use(self) -> str:
        domain, status = self._platform.domain, self._zone.get("status")
        if status == "pending":
            servers = ", ".join(self._zone.get("name_servers") or []) or "Cloudflare's name servers"
            raise Wrong(f"the zone {domain} is pending: set its name servers at the registrar to {servers}, and wait")
        if status != "active":
            raise Wrong(
                f"the zone {domain} is {status} at Cloudflare, so nobody is served by it; see its overview page"
            )
        if self._zone.get("paused"):
            raise Wrong(f"the zone {domain} is paused, so visitors go round Cloudflare; enable it on its overview page")
        return "active"

    def plan(self) -> str:
        """Whether the zone is on the plan that the config says, or a larger one. Raises Wrong, NotLooked."""
        told, declared = str((self._zone.get("plan") or {}).get("name", "")), self._platform.edge.plan
        real = told.partition(" ")[0].lower()
        if real not in _PLANS:
            raise NotLooked(f"Cloudflare tells no plan that is known here ({told or 'none'})")
        if _PLANS.index(real) < _PLANS.index(declared):
            raise Wrong(
                f"mech:edge.plan is {declared}, and the zone {self._platform.domain} is on {told}: larger bodies than that takes "
                f"would be a 413 of the edge; set it to {real}, or change the plan on the zone's overview page"
            )
        if real == "free" and self._platform.is_fleet:
            return f"{told}: a host that dies costs its visitors a 523 or 522 until `up` (docs/fleet.md)"
        return told

    def account(self) -> str:
        id, domain = self._platform.edge.account_id, self._platform.domain
        there = self._by_name()
        if there and not self._running:
            raise Wrong(
                f"the zone {domain} exists already; set mech:edge.zoneId to {there['id']}, else `up` tries to make it"
            )
        if not id:
            raise Wrong(
                "neither mech:edge.zoneId nor mech:edge.accountId is set; set the id of the zone, or of the account"
            )
        answer = http.get(self._client, "/zones", {"account.id": id, "per_page": "5"})
        if answer.status_code != 200:
            raise Wrong(
                f"the token may not list zones in mech:edge.accountId {id} ({_words(http.body(answer))}); "
                f"correct the id, or give the token Zone > Zone: Edit for all zones of that account at {DASHBOARD}"
            )
        return f"{domain} will be made in {id}"

    def may(self, scope: Scope) -> str:
        """Whether the token has a permission. Raises Wrong, NotLooked."""
        wanted = f"{scope.label}: {'Edit' if scope.edit else 'Read'}"
        fix = f"add it to the token at {DASHBOARD}"
        answer = http.get(self._client, scope.path)
        if answer.status_code in (401, 403) or _code(answer) in _REFUSALS:
            where = scope.path.partition("?")[0]
            raise Wrong(f"the token lacks {wanted} (Cloudflare: {_words(http.body(answer))} to GET {where}); {fix}")
        if answer.status_code != 200:
            raise NotLooked(f"Cloudflare answers {answer.status_code} to GET {scope.path}: {_words(http.body(answer))}")
        if not scope.edit:
            return "granted"
        listed = self._zone.get("permissions") or []
        if f"#{scope.name}:edit" in listed:
            return "granted"
        if f"#{scope.name}:read" in listed:
            raise Wrong(f"the token may only read {scope.label}, the program needs {wanted}; {fix}")
        raise NotLooked("it may be read; the zone does not list whether it may be edited, so that only `up` will tell")

    def _by_name(self) -> dict[str, Any] | None:
        answer = http.get(self._client, "/zones", {"name": self._platform.domain})
        found = http.body(answer).get("result") if answer.status_code == 200 else None
        return found[0] if found else None


# Codes that may come with another status than 403: authentication error, not authorized, not authorized (Origin CA).
_REFUSALS = (10000, 9109, 1016)


def _code(answer: httpx.Response) -> int | None:
    errors = http.body(answer).get("errors") or []
    return errors[0].get("code") if errors and answer.status_code >= 400 else None


def _words(found: http.Json) -> str:
    errors = found.get("errors") or []
    return f"{errors[0].get('code')} {errors[0].get('message')}" if errors else "no reason given"
