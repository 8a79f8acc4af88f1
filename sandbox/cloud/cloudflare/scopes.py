"""What a token may: the permission that each path asks for, and how Cloudflare says no.

Source: Cloudflare's OpenAPI text (x-cfPermissionsRequired, a zone's `permissions`); codes as clients of it report them.
"""

from __future__ import annotations

import re

from aiohttp import web

ALL = [f"#{name}:{may}" for name in ("zone", "dns_records", "zone_settings", "waf", "ssl") for may in ("read", "edit")]
_PATHS = (
    (re.compile(r"/zones/[^/]+/dns_records(/.*)?"), "dns_records"),
    (re.compile(r"/zones/[^/]+/settings(/.*)?"), "zone_settings"),
    (re.compile(r"/zones/[^/]+/rulesets(/.*)?"), "waf"),
    (re.compile(r"/certificates(/.*)?"), "ssl"),
    (re.compile(r"/zones(/[^/]+)?"), "zone"),
)


def refusal(request: web.Request, granted: list[str] | None) -> tuple[int, str] | None:
    """(code, text) where a token with these permissions may not do that; None where it may, and for `granted` None."""
    path = request.path.removeprefix("/client/v4")
    name = next((name for pattern, name in _PATHS if pattern.fullmatch(path)), None)
    if granted is None or name is None or f"#{name}:edit" in granted:
        return None
    if request.method == "GET" and f"#{name}:read" in granted:
        return None
    return (9109, "Unauthorized to access requested resource") if name == "zone" else (10000, "Authentication error")
