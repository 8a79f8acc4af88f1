"""What the two clouds have beside ours: read from their APIs with the tokens that the providers use."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

from mech_infra.drift.reading import Unreachable

_TIMEOUT_S = 10


def facts(access: Mapping[str, str]) -> dict[str, Any]:
    """A zone's records and rulesets, or a Vultr firewall group's rules, as `access` says. Raises Unreachable."""
    if "zone" in access:
        zone = f"/zones/{urllib.parse.quote(access['zone'])}"
        return {"records": _cloudflare(f"{zone}/dns_records"), "rulesets": _cloudflare(f"{zone}/rulesets")}
    group = urllib.parse.quote(access["firewall_group"])
    return {"rules": _vultr(f"/firewalls/{group}/rules", "firewall_rules")}


def _cloudflare(path: str) -> list[dict[str, Any]]:
    base = os.environ.get("CLOUDFLARE_BASE_URL") or "https://api.cloudflare.com/client/v4"
    token = os.environ.get("CLOUDFLARE_API_TOKEN", "")
    found: list[dict[str, Any]] = []
    page = 1
    while True:
        answer = _get(f"{base.rstrip('/')}{path}?page={page}&per_page=100", token)
        found += answer.get("result") or []
        if page >= int((answer.get("result_info") or {}).get("total_pages") or 1):
            return found
        page += 1


def _vultr(path: str, key: str) -> list[dict[str, Any]]:
    base = os.environ.get("MECH_VULTR_URL") or "https://api.vultr.com/v2"
    answer = _get(f"{base.rstrip('/')}{path}?per_page=500", os.environ.get("VULTR_API_KEY", ""))
    return list(answer.get(key) or [])


def _get(url: str, token: str) -> dict[str, Any]:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})  # noqa: S310 - the clouds' own
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
            body: dict[str, Any] = json.load(answer)
    except urllib.error.HTTPError as error:
        raise Unreachable(f"HTTP {error.code} from {url.partition('?')[0]}") from None
    except (OSError, ValueError) as error:
        raise Unreachable(f"{url.partition('?')[0]}: {error}") from None
    return body
