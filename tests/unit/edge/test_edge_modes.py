"""What the zone's SSL mode makes of a request: how the edge comes to the origin, and what it verifies."""

from __future__ import annotations

import asyncio
import json
import ssl
from pathlib import Path

import pytest
from aiohttp import web
from edge_rig import HOST, View, echo, hello, rig, server_tls, settings_in, web_origin

from sandbox import pki


def test_flexible_serves_http_and_https_from_port_80(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with web_origin(echo) as port, rig(tmp_path, http=port) as r:
            for scheme in ("http", "https"):
                answer = await r.get("/a%20b?x=1&y=%2F", scheme=scheme, headers={
                    "X-Forwarded-For": "198.51.100.7", "CF-Visitor": "forged", "Connection": "X-Private",
                    "X-Private": "1"})  # fmt: skip
                assert answer.status == 200
                seen = json.loads(answer.text)
                assert seen["path"] == "/a%20b?x=1&y=%2F"
                headers = {k.lower(): v for k, v in seen["headers"].items()}
                assert headers["host"] == HOST
                assert headers["x-forwarded-for"] == "198.51.100.7,127.0.0.1"
                assert headers["x-forwarded-proto"] == scheme
                assert headers["cf-connecting-ip"] == "127.0.0.1"
                assert headers["cf-visitor"] == f'{{"scheme":"{scheme}"}}'
                assert headers["cf-ray"] == answer.headers["CF-RAY"]
                assert headers["cf-ipcountry"] == "XX"
                assert "x-private" not in headers
                assert answer.headers["Server"] == "cloudflare"
                assert answer.headers["cf-cache-status"] == "DYNAMIC"
                assert answer.headers["X-Origin"] == "yes"
                assert "Keep-Alive" not in answer.headers

    asyncio.run(scenario())


def test_origin_sees_the_edges_own_address(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with web_origin(echo) as port, rig(tmp_path, http=port, source="127.0.0.3") as r:
            assert '"peer": "127.0.0.3"' in (await r.get()).text

    asyncio.run(scenario())


def test_always_use_https_redirects_with_path_and_query(tmp_path: Path) -> None:
    async def scenario() -> None:
        view = View(settings={"ssl": "flexible", "always_use_https": "on"})
        async with web_origin(hello) as port, rig(tmp_path, view, http=port) as r:
            answer = await r.get("/x?y=1")
            assert (answer.status, answer.headers["Location"]) == (301, f"https://{HOST}/x?y=1")
            assert (await r.get("/x", scheme="https")).text == "hello"

    asyncio.run(scenario())


def test_ssl_off_redirects_to_http(tmp_path: Path) -> None:
    async def scenario() -> None:
        view = View(settings={"ssl": "off", "always_use_https": "on"})
        async with web_origin(hello) as port, rig(tmp_path, view, http=port) as r:
            answer = await r.get("/x", scheme="https")
            assert (answer.status, answer.headers["Location"]) == (301, f"http://{HOST}/x")
            assert (await r.get("/x")).text == "hello"

    asyncio.run(scenario())


def test_flexible_with_an_origin_that_redirects_to_https_loops(tmp_path: Path) -> None:
    async def nginx(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=301, headers={"Location": f"https://{request.headers['Host']}{request.raw_path}"})

    async def scenario() -> None:
        async with web_origin(nginx) as port, rig(tmp_path, http=port) as r:
            for _ in range(3):
                answer = await r.get("/a", scheme="https")
                assert (answer.status, answer.headers["Location"]) == (301, f"https://{HOST}/a")

    asyncio.run(scenario())


def test_full_takes_any_certificate_and_uses_the_visitors_scheme(tmp_path: Path) -> None:
    async def scenario() -> None:
        tls = server_tls(settings_in(tmp_path), ["elsewhere.example"], issuer=pki.CLIENT_CA)
        view = View(settings={"ssl": "full"})
        async with (
            web_origin(hello, tls) as https, web_origin(echo) as http,
            rig(tmp_path, view, http=http, https=https) as r,
        ):  # fmt: skip
            assert (await r.get(scheme="https")).text == "hello"
            assert '"method"' in (await r.get(scheme="http")).text

    asyncio.run(scenario())


@pytest.mark.parametrize("issuer", [pki.CA, pki.ORIGIN_CA])
def test_strict_takes_a_valid_certificate(tmp_path: Path, issuer: str) -> None:
    async def scenario() -> None:
        tls = server_tls(settings_in(tmp_path), ["*.mech.is"], issuer=issuer)
        async with web_origin(hello, tls) as port, rig(tmp_path, View(settings={"ssl": "strict"}), https=port) as r:
            assert (await r.get(scheme="https")).text == "hello"

    asyncio.run(scenario())


def test_authenticated_origin_pulls_present_the_client_certificate(tmp_path: Path) -> None:
    async def who(request: web.BaseRequest) -> web.StreamResponse:
        assert request.transport is not None
        subject = request.transport.get_extra_info("peercert")
        return web.Response(text=str(subject))

    async def scenario() -> None:
        settings = settings_in(tmp_path)
        tls = server_tls(settings, [HOST])
        tls.load_verify_locations(cadata=pki.ca_pair(settings, pki.CLIENT_CA)[0])
        tls.verify_mode = ssl.CERT_REQUIRED
        view = View(settings={"ssl": "strict", "tls_client_auth": "on"})
        async with web_origin(who, tls) as port, rig(tmp_path, view, https=port) as r:
            assert "origin-pull" in (await r.get(scheme="https")).text
            r.view.settings = {"ssl": "strict"}
            assert (await r.get(scheme="https")).status == 520

    asyncio.run(scenario())
