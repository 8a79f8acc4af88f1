"""refusals.json: the clouds say no as the real ones do, and only to what was named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sandbox.cloud.cloudflare.zones import MECH_ZONE

from .rig import Clouds, play

ZONE = f"/client/v4/zones/{MECH_ZONE}"


def told(clouds: Clouds, **vendors: Any) -> None:
    (clouds.settings.state / "refusals.json").write_text(json.dumps(vendors))


def test_vultr(tmp_path: Path) -> None:
    async def scene(clouds: Clouds) -> None:
        status, free = await clouds.call("GET", "/v2/regions/ewr/availability", token="")
        assert status == 200 and "vc2-4c-8gb" in free["available_plans"]
        assert (await clouds.call("GET", "/v2/regions/xyz/availability"))[0] == 404
        assert "manage_users" in (await clouds.call("GET", "/v2/account"))[1]["account"]["acls"]
        told(clouds, vultr={"acls": ["firewall"], "sold_out": ["vc2-4c-8gb"], "no_block_storage": ["ewr"]})
        assert (await clouds.call("GET", "/v2/account"))[1]["account"]["acls"] == ["firewall"]
        assert "vc2-4c-8gb" not in (await clouds.call("GET", "/v2/regions/ewr/availability"))[1]["available_plans"]
        regions = {r["id"]: r["options"] for r in (await clouds.call("GET", "/v2/regions"))[1]["regions"]}
        assert regions["ewr"] == ["ddos_protection"] and "block_storage_storage_opt" in regions["ams"]
        told(clouds, vultr={"address": True})
        status, body = await clouds.call("GET", "/v2/account")
        assert (status, body["error"]) == (401, "Unauthorized IP address: 127.0.0.1")
        assert (await clouds.call("GET", "/v2/regions", token=""))[0] == 200

    play(tmp_path, "vultr", scene)


def test_cloudflare(tmp_path: Path) -> None:
    async def code(clouds: Clouds, method: str, path: str) -> int | None:
        status, body = await clouds.call(method, path)
        return None if status < 300 else body["errors"][0]["code"] if status == 403 else -1

    async def scene(clouds: Clouds) -> None:
        told(clouds, cloudflare={"scopes": ["#zone:read", "#dns_records:read", "#ssl:edit"], "zone": "pending"})
        zone = (await clouds.call("GET", ZONE))[1]["result"]
        assert (zone["permissions"], zone["status"]) == (["#zone:read", "#dns_records:read", "#ssl:edit"], "pending")
        assert await code(clouds, "GET", f"{ZONE}/dns_records") is None
        assert await code(clouds, "POST", f"{ZONE}/dns_records") == 10000
        assert await code(clouds, "GET", f"{ZONE}/settings/ssl") == 10000
        assert await code(clouds, "GET", f"{ZONE}/rulesets") == 10000
        assert await code(clouds, "GET", "/client/v4/certificates") is None
        assert await code(clouds, "PATCH", ZONE) == 9109
        told(clouds, cloudflare={"token": "expired"})
        assert (await clouds.call("GET", "/client/v4/user/tokens/verify"))[1]["result"]["status"] == "expired"
        assert await code(clouds, "GET", f"{ZONE}/rulesets") is None

    play(tmp_path, "cloudflare", scene)


def test_a_file_that_is_not_right_refuses_nothing(tmp_path: Path) -> None:
    async def scene(clouds: Clouds) -> None:
        for text in ("{", "[]", '{"vultr": 3}'):
            (clouds.settings.state / "refusals.json").write_text(text)
            assert (await clouds.call("GET", "/v2/account"))[0] == 200

    play(tmp_path, "vultr", scene)
