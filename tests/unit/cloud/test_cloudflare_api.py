"""Cloudflare's API as a person with curl meets it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from sandbox.cloud import StoreView
from sandbox.cloud.cloudflare.zones import MECH_ZONE

from .rig import Clouds, play

RECORDS = f"/client/v4/zones/{MECH_ZONE}/dns_records"


def test_a_proxied_record_gets_ttl_1_and_its_full_name_and_the_edge_sees_it(tmp_path: Path) -> None:
    async def scene(clouds: Clouds) -> None:
        record = {"type": "A", "name": "llm", "content": "203.0.113.7", "proxied": True, "ttl": 300}
        made = (await clouds.call("POST", RECORDS, record))[1]["result"]
        assert (made["name"], made["ttl"]) == ("llm.mech.is", 1)
        zone = StoreView(clouds.store).zone_for("llm.mech.is")
        assert zone is not None
        assert [(r.name, r.content, r.proxied) for r in zone.records] == [("llm.mech.is", "203.0.113.7", True)]
        assert StoreView(clouds.store).zone_for("example.org") is None

    play(tmp_path, "cloudflare", scene)


def test_cloudflare_answers_mistakes_with_its_own_codes(tmp_path: Path) -> None:
    async def scene(clouds: Clouds) -> None:
        async def code(method: str, path: str, body: Any = None, token: str = "key") -> tuple[int, int]:
            status, answer = await clouds.call(method, path, body, token)
            assert answer["success"] is False
            return status, answer["errors"][0]["code"]

        good = {"type": "A", "name": "a", "content": "203.0.113.7", "ttl": 1}
        assert (await clouds.call("POST", RECORDS, good))[0] == 200
        assert await code("POST", RECORDS, good) == (400, 81058)
        assert await code("POST", RECORDS, {**good, "content": "not-an-ip"}) == (400, 9005)
        assert await code("POST", RECORDS, {**good, "type": "CNAME", "content": "x.mech.is"}) == (400, 81053)
        assert await code("GET", "/client/v4/zones", token="wrong") == (403, 10000)
        assert await code("GET", "/client/v4/nonsense") == (400, 7003)
        assert await code("GET", f"/client/v4/zones/{'0' * 32}") == (404, 1001)
        ssl = f"/client/v4/zones/{MECH_ZONE}/settings/ssl"
        assert await code("PATCH", ssl, {"value": "flexibel"}) == (400, 1007)
        assert (await clouds.call("PATCH", ssl, {"value": "strict"}))[1]["result"]["value"] == "strict"

    play(tmp_path, "cloudflare", scene)


def test_one_ruleset_a_phase_and_its_rules_reach_the_edge(tmp_path: Path) -> None:
    async def scene(clouds: Clouds) -> None:
        path = f"/client/v4/zones/{MECH_ZONE}/rulesets"
        ruleset = {
            "name": "block", "kind": "zone", "phase": "http_request_firewall_custom",
            "rules": [{"action": "block", "expression": "(ip.src in {10.77.0.9})"}],
        }  # fmt: skip
        made = (await clouds.call("POST", path, ruleset))[1]["result"]
        assert made["rules"][0]["enabled"] is True
        status, answer = await clouds.call("POST", path, ruleset)
        assert (status, answer["errors"][0]["code"]) == (400, 20217)
        zone = StoreView(clouds.store).zone_for("x.mech.is")
        assert zone is not None
        assert [rule.action for rule in zone.rules] == ["block"]

    play(tmp_path, "cloudflare", scene)


def test_settings_side_by_side_do_not_overwrite_each_other(tmp_path: Path) -> None:
    async def settings(clouds: Clouds) -> None:
        base = f"/client/v4/zones/{MECH_ZONE}/settings"
        wanted = {"ssl": "strict", "always_use_https": "on", "min_tls_version": "1.2", "brotli": "off", "http3": "off"}
        await asyncio.gather(*(clouds.call("PATCH", f"{base}/{id}", {"value": v}) for id, v in wanted.items()))
        kept = {entry["id"]: entry["value"] for entry in (await clouds.call("GET", base))[1]["result"]}
        assert {id: kept[id] for id in wanted} == wanted

    play(tmp_path, "cloudflare", settings)
