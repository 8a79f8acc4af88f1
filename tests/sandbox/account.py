"""Vultr's API over real hosts, in this process: for tests that need hosts and no platform on them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp.test_utils import TestClient, TestServer

from sandbox import credentials, host, pki, steps
from sandbox.cloud import Store, vultr_app
from sandbox.settings import Settings, claim, load

_BOOTS_WITHIN_S = 120


class Account:
    """The owner's view of it: `call` asks the API."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._loop = asyncio.new_event_loop()
        self._store = Store(settings.state / "cloud.sqlite")
        self._client: TestClient[Any, Any] = self._loop.run_until_complete(self._serve())

    async def _serve(self) -> TestClient[Any, Any]:
        client = TestClient(TestServer(vultr_app(self._store, self.settings, host)))
        await client.start_server()
        return client

    def call(self, method: str, path: str, body: Any = None, status: int | None = None) -> Any:
        """The answer's JSON, None without a body; `status` is the one that is expected."""

        async def ask() -> tuple[int, Any]:
            headers = {"Authorization": f"Bearer {credentials.load(self.settings)['vultr_api_key']}"}
            async with self._client.request(method, f"/v2/{path}", json=body, headers=headers) as answer:
                return answer.status, (await answer.json() if await answer.text() else None)

        found, said = self._loop.run_until_complete(ask())
        assert found == status if status else found < 300, f"{method} {path}: {found} {said}"
        return said

    def instance(self, name: str, **fields: Any) -> dict[str, Any]:
        """A new instance that is up."""
        asked = {"region": "ewr", "plan": "vc2-1c-1gb", "os_id": 2136, "hostname": name, **fields}
        id = self.call("POST", "instances", asked)["instance"]["id"]
        end = time.monotonic() + _BOOTS_WITHIN_S
        while (shown := self.shown(id))["status"] == "pending":
            assert time.monotonic() < end, f"{name} does not boot"
            time.sleep(0.2)
        assert shown["status"] == "active", shown
        return shown

    def shown(self, id: str) -> dict[str, Any]:
        return dict(self.call("GET", f"instances/{id}")["instance"])

    def close(self) -> None:
        """End the API as a daemon that goes away: hosts stay."""
        self._loop.run_until_complete(self._client.close())
        self._loop.close()
        self._store.close()


@contextmanager
def account(name: str) -> Iterator[Account]:
    """An account in a sandbox of its own, which is gone at the end."""
    settings = load(name)
    steps.remove(settings)
    claim(settings)
    host.ensure_rootfs(settings, print)
    credentials.ensure(settings)
    pki.ensure(settings)
    found = Account(settings)
    try:
        yield found
    finally:
        found.close()
        steps.remove(settings)
