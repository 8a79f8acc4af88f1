"""R2 and Cloudflare's API over one account, and a client that signs as S3's do."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import hmac
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from sandbox import credentials
from sandbox.cloud import Store, cloudflare_app
from sandbox.settings import Settings
from sandbox.vendors import vendors_app

HOST = "0123.r2.cloudflarestorage.com"
API = "/client/v4/accounts/any/r2/buckets"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def code(self) -> str:
        found = re.search(rb"<Code>(\w+)</Code>", self.body)
        return found[1].decode() if found else ""

    def all(self, tag: str) -> list[str]:
        return [text.decode() for text in re.findall(rb"<%s>([^<]*)</%s>" % (tag.encode(), tag.encode()), self.body)]


class Account:
    """Asks as the holder of one of the credentials' keys: `r2`, `r2_backup` or `r2_retention`."""

    def __init__(self, vendors: TestClient[Any, Any], api: TestClient[Any, Any], settings: Settings) -> None:
        self._vendors, self._api, self._settings = vendors, api, settings
        self.keys = credentials.load(settings)

    async def ask(
        self, method: str, path: str, query: dict[str, str] | None = None, body: bytes = b"", *,
        key: str = "r2_backup", secret: str = "", headers: dict[str, str] | None = None, payload: str = "",
        region: str = "auto", late: float = 0,
    ) -> Answer:  # fmt: skip
        """A signed request; `late`: seconds by which the caller's clock is ahead."""
        stamp = (dt.datetime.now(dt.UTC) + dt.timedelta(seconds=late)).strftime("%Y%m%dT%H%M%SZ")
        signed = {
            "host": HOST,
            "x-amz-date": stamp,
            "x-amz-content-sha256": payload or hashlib.sha256(body).hexdigest(),
        }
        names, scope = ";".join(sorted(signed)), f"{stamp[:8]}/{region}/s3/aws4_request"
        asked = urlencode(sorted((query or {}).items()), quote_via=quote, safe="-_.~")
        raw = quote(path, safe="/-_.~")
        lines = [method, raw, asked, *(f"{name}:{signed[name]}" for name in sorted(signed)), "", names]
        canonical = "\n".join([*lines, signed["x-amz-content-sha256"]])
        text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        mac = ("AWS4" + (secret or self.keys[f"{key}_secret_key"])).encode()
        for part in [*scope.split("/"), text]:
            mac = hmac.new(mac, part.encode(), hashlib.sha256).digest()
        said = f"AWS4-HMAC-SHA256 Credential={self.keys.get(f'{key}_access_key', key)}/{scope}, SignedHeaders={names}"
        sent = {**signed, "Authorization": f"{said}, Signature={mac.hex()}", **(headers or {})}
        url = URL(f"{raw}?{asked}" if asked else raw, encoded=True)
        async with self._vendors.request(method, url, headers=sent, data=body) as answer:
            return await _read(answer)

    async def lock(self, *rules: dict[str, Any]) -> Answer:
        return await self.api("PUT", f"{API}/mech-backup/lock", {"rules": rules})

    async def api(self, method: str, path: str, body: Any = None) -> Answer:
        headers = {"Authorization": f"Bearer {self.keys['cloudflare_api_token']}"}
        async with self._api.request(method, path, json=body, headers=headers) as answer:
            return await _read(answer)

    def fault(self, **said: Any) -> None:
        (self._settings.state / "vendors.json").write_text(json.dumps({"r2": said}))


async def _read(answer: ClientResponse) -> Answer:
    return Answer(answer.status, answer.headers, await answer.read())


def play(folder: Path, scene: Callable[[Account], Awaitable[None]]) -> None:
    """A scene with the account that is kept in `folder`."""

    async def go() -> None:
        settings = Settings("unit", folder / "state", folder / "cache", 7)
        credentials.ensure(settings)
        store = Store(settings.state / "cloud.sqlite")
        api, vendors = cloudflare_app(store, settings), vendors_app(settings, store)
        async with TestClient(TestServer(api)) as there, TestClient(TestServer(vendors)) as here:
            await scene(Account(here, there, settings))
        store.close()

    asyncio.run(go())
