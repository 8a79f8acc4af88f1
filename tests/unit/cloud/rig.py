"""The two clouds over fake hosts, for one scene."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestClient, TestServer

from sandbox import credentials
from sandbox.cloud import Store, cloudflare_app, vultr_app
from sandbox.host.model import FirewallRule, HostSpec, Port
from sandbox.settings import Settings

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMVmxWtWsXL6zUfY6KXh9Q0fDQ3qBlGQ0bJ0c0qk6m9v me"


class FakeHosts:
    def __init__(self) -> None:
        self.specs: dict[str, HostSpec] = {}
        self.states: dict[str, str] = {}
        self.rules: dict[str, list[FirewallRule] | None] = {}
        self.blocks: dict[str, str] = {}
        self.ports: dict[str, list[Port]] = {}
        self.boots: list[str] = []

    def create(self, settings: Settings, spec: HostSpec, wanted: Sequence[Port] = ()) -> None:
        self.specs[spec.id], self.states[spec.id] = spec, "running"
        self.ports[spec.id] = list(wanted)
        self.boots.append(spec.id)

    def start(self, settings: Settings, id: str) -> None:
        self.states[id] = "running"
        self.boots.append(id)

    reboot = start

    def halt(self, settings: Settings, id: str) -> None:
        self.states[id] = "stopped"

    def destroy(self, settings: Settings, id: str) -> None:
        del self.states[id]
        self.ports.pop(id, None)

    def state(self, settings: Settings, id: str) -> str:
        return self.states.get(id, "missing")

    def set_firewall(self, settings: Settings, id: str, rules: list[FirewallRule] | None) -> None:
        self.rules[id] = rules

    def vpcs(self, settings: Settings, id: str) -> list[Port]:
        return self.ports.get(id, [])

    def set_vpcs(self, settings: Settings, id: str, wanted: Sequence[Port]) -> None:
        self.ports[id] = list(wanted)

    def remove_vpc(self, settings: Settings, vpc: str) -> None:
        assert all(port.vpc != vpc for ports in self.ports.values() for port in ports)

    def attach_block(self, settings: Settings, id: str, block_id: str, mount_id: str, image: Path) -> None:
        assert image.exists()
        self.blocks[block_id] = id

    def detach_block(self, settings: Settings, id: str, block_id: str) -> None:
        del self.blocks[block_id]


class Clouds:
    def __init__(self, state: Path) -> None:
        self.settings = Settings("unit", state, state / "cache", 7)
        self.store = Store(state / "cloud.sqlite")
        self.hosts = FakeHosts()
        credentials.ensure(
            self.settings, {"vultr_api_key": "key", "cloudflare_api_token": "key", "cloudflare_account_id": "a" * 32}
        )
        self.client: TestClient[Any, Any]

    async def call(self, method: str, path: str, body: Any = None, token: str = "key") -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with self.client.request(method, path, json=body, headers=headers) as answer:
            text = await answer.text()
            return answer.status, (await answer.json() if text else None)

    async def instance(self, **fields: Any) -> dict[str, Any]:
        _, made = await self.call(
            "POST", "/v2/instances", {"region": "ewr", "plan": "vc2-4c-8gb", "os_id": 2136, **fields}
        )
        for _ in range(100):
            shown = (await self.call("GET", f"/v2/instances/{made['instance']['id']}"))[1]["instance"]
            if shown["status"] == "active":
                return dict(shown)
            await asyncio.sleep(0.01)
        raise AssertionError("the instance did not become active")


@asynccontextmanager
async def running(state: Path, vendor: str) -> AsyncIterator[Clouds]:
    clouds = Clouds(state)
    if vendor == "vultr":
        app = vultr_app(clouds.store, clouds.settings, clouds.hosts)
    else:
        app = cloudflare_app(clouds.store, clouds.settings)
    async with TestClient(TestServer(app)) as client:
        clouds.client = client
        yield clouds
    clouds.store.close()


Scene = Callable[[Clouds], Awaitable[None]]


def play(tmp_path: Path, vendor: str, scene: Scene) -> None:
    async def run() -> None:
        async with running(tmp_path, vendor) as clouds:
            await scene(clouds)

    asyncio.run(run())
