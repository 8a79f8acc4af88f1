"""Cloudflare's look-ups: getZone and getIpRanges."""

from __future__ import annotations

from typing import Any

from sandbox.providers.bridge import snake
from sandbox.providers.bridge_http import ApiError
from sandbox.providers.cloudflare.client import CloudflareApi
from sandbox.providers.cloudflare.wire import to_program
from sandbox.providers.contract import ProviderError

GET_ZONE = "cloudflare:index/getZone:getZone"
GET_IP_RANGES = "cloudflare:index/getIpRanges:getIpRanges"


def invoke(api: CloudflareApi, token: str, args: dict[str, Any]) -> dict[str, Any]:
    """The function's result; ProviderError says what to do when there is none."""
    if token == GET_ZONE:
        return _zone(api, args)
    if token == GET_IP_RANGES:
        networks = args.get("networks")
        found = api.call("GET", "ips", query={"networks": networks} if networks else None).get("result") or {}
        lists = {name: found.get(snake(name)) or [] for name in ("ipv4Cidrs", "ipv6Cidrs", "jdcloudCidrs")}
        return {**lists, "etag": found.get("etag") or "", "networks": networks, "id": found.get("etag") or "ips"}
    raise ProviderError(f"the cloudflare stand-in has no function {token}: see sandbox/providers/cloudflare/PARITY.md")


def _zone(api: CloudflareApi, args: dict[str, Any]) -> dict[str, Any]:
    wanted = args.get("filter")
    if args.get("zoneId"):
        try:
            zone = api.result("GET", f"zones/{args['zoneId']}")
        except ApiError as error:
            raise ProviderError(f"failed to read zone {args['zoneId']}: {error}") from None
    elif isinstance(wanted, dict):
        account = wanted.get("account") or {}
        query = {
            "name": wanted.get("name"),
            "status": wanted.get("status"),
            "match": wanted.get("match"),
            "account.id": account.get("id"),
            "account.name": account.get("name"),
        }
        zones = list(api.items("zones", {name: value for name, value in query.items() if value}))
        if len(zones) != 1:
            what = f"{len(zones)} zones match {wanted.get('name') or wanted!r}"
            raise ProviderError(
                f"failed to find exactly one result: {what}. Check the name, and that the API token may read the zone"
            )
        zone = zones[0]
    else:
        raise ProviderError("getZone needs zoneId or filter")
    return {**to_program(zone), "zoneId": zone["id"], "filter": wanted}
