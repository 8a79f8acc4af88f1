"""The registry when its images are private: the token dance step by step, as dockerd makes it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import encode_basic_auth
from aiohttp.test_utils import TestClient, TestServer

from sandbox import registry
from sandbox.settings import Settings

from .test_registry import GHCR, HUB

KEY = "ghp_" + "1" * 36
SCOPE = {"service": "ghcr.io", "scope": "repository:mech-is/mech-queue:pull"}
MANIFEST = "/v2/mech-is/mech-queue/manifests/1.0.0"
Use = Callable[[TestClient[Any, Any]], Awaitable[None]]


def ask(found: Settings, use: Use, private: object = None) -> None:
    found.state.mkdir(exist_ok=True)
    private = {"ghcr.io": {"user": "mech", "token": KEY}} if private is None else private
    (found.state / "registry.json").write_text(private if isinstance(private, str) else json.dumps(private))

    async def go() -> None:
        async with TestClient(TestServer(registry.registry_app(found))) as client:
            await use(client)

    asyncio.run(go())


async def token(client: TestClient[Any, Any], scope: str = SCOPE["scope"], key: str = KEY) -> str:
    answer = await client.get("/token", params={**SCOPE, "scope": scope}, headers=basic("mech", key))
    return str((await answer.json())["token"])


def basic(user: str, key: str) -> dict[str, str]:
    return {**GHCR, "Authorization": encode_basic_auth(user, key)}


def bearer(value: str, host: dict[str, str] = GHCR) -> dict[str, str]:
    return {**host, "Authorization": f"Bearer {value}"}


def test_a_pull_is_sent_to_the_token_server_and_comes_back_with_a_token(settings: Settings) -> None:
    async def use(client: TestClient[Any, Any]) -> None:
        ping = await client.get("/v2/", headers=GHCR)
        assert ping.status == 401
        assert ping.headers["WWW-Authenticate"] == 'Bearer realm="https://ghcr.io/token",service="ghcr.io"'
        refused = await client.get(MANIFEST, headers=GHCR)
        assert refused.status == 401
        assert refused.headers["WWW-Authenticate"].endswith(f',scope="{SCOPE["scope"]}"')
        assert [error["code"] for error in (await refused.json())["errors"]] == ["UNAUTHORIZED"]
        answer = await client.get("/token", params=SCOPE, headers=basic("mech", KEY))
        granted = await answer.json()
        assert (granted["expires_in"], granted["access_token"]) == (300, granted["token"])
        manifest = await client.get(MANIFEST, headers=bearer(granted["token"]))
        assert manifest.status == 200
        layer = (await manifest.json(content_type=None))["layers"][0]["digest"]
        blob = await client.get(f"/v2/mech-is/mech-queue/blobs/{layer}", headers=bearer(granted["token"]))
        assert blob.status == 200
        assert (await client.get("/v2/", headers=bearer(granted["token"]))).status == 200

    ask(settings, use)


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        (GHCR, 401, "UNAUTHORIZED"),
        (basic("mech", "ghp_wrong"), 403, "DENIED"),
        (basic("someone", KEY), 403, "DENIED"),
        (basic("mech", ""), 403, "DENIED"),
    ],
)
def test_who_is_not_known_gets_no_token(settings: Settings, headers: dict[str, str], status: int, code: str) -> None:
    async def use(client: TestClient[Any, Any]) -> None:
        answer = await client.get("/token", params=SCOPE, headers=headers)
        assert (answer.status, [error["code"] for error in (await answer.json())["errors"]]) == (status, [code])
        broken = await client.get("/token", headers={**GHCR, "Authorization": "Basic ***"})
        assert broken.status == 403

    ask(settings, use)


def test_a_token_opens_only_what_it_was_asked_for_and_only_for_a_while(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use(client: TestClient[Any, Any]) -> None:
        other = await token(client, "repository:mech-is/mech-reader:pull")
        assert (await client.get(MANIFEST, headers=bearer(other))).status == 401
        assert (await client.get(MANIFEST, headers=bearer("made-up"))).status == 401
        right = await token(client)
        assert (await client.get(MANIFEST, headers={**GHCR, "Authorization": f"Basic {right}"})).status == 401
        assert (await client.get(MANIFEST, headers=bearer(right))).status == 200
        later = time.time() + 301
        monkeypatch.setattr(time, "time", lambda: later)
        assert (await client.get(MANIFEST, headers=bearer(right))).status == 401

    ask(settings, use)


def test_the_other_registry_stays_open_and_knows_no_token(settings: Settings) -> None:
    async def use(client: TestClient[Any, Any]) -> None:
        assert (await client.get("/v2/library/redis/manifests/alpine", headers=HUB)).status == 200
        assert (await client.get("/token", headers=HUB)).status == 404

    ask(settings, use)


@pytest.mark.parametrize("switch", ["{", "[]", {"ghcr.io": {"user": "mech"}}, {"ghcr.io": None}])
def test_a_switch_that_says_nothing_leaves_all_open(settings: Settings, switch: object) -> None:
    async def use(client: TestClient[Any, Any]) -> None:
        assert (await client.get(MANIFEST, headers=GHCR)).status == 200

    ask(settings, use, switch)
