"""The two APIs as a person with curl meets them, over fake hosts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from sandbox import credentials
from sandbox.cloud import Store, StoreView, cloudflare_app, vultr_app
from sandbox.cloud.cloudflare.zones import MECH_ZONE
from sandbox.host.model import FirewallRule, HostSpec
from sandbox.settings import Settings

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMVmxWtWsXL6zUfY6KXh9Q0fDQ3qBlGQ0bJ0c0qk6m9v me"


class FakeHosts:
    def __init__(self) -> None:
        self.specs: dict[str, HostSpec] = {}
        self.states: dict[str, str] = {}
        self.rules: dict[str, list[FirewallRule] | None] = {}
        self.blocks: dict[str, str] = {}

    def create(self, settings: Settings, spec: HostSpec) -> None:
        self.specs[spec.id], self.states[spec.id] = spec, "running"

    def start(self, settings: Settings, id: str) -> None:
        self.states[id] = "running"

    reboot = start

    def halt(self, settings: Settings, id: str) -> None:
        self.states[id] = "stopped"

    def destroy(self, settings: Settings, id: str) -> None:
        del self.states[id]

    def state(self, settings: Settings, id: str) -> str:
        return self.states.get(id, "missing")

    def set_firewall(self, settings: Settings, id: str, rules: list[FirewallRule] | None) -> None:
        self.rules[id] = rules

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


def test_a_wrong_vultr_key_gets_the_apis_own_words(tmp_path: Path) -> None:
    async def scene(clouds: Clouds) -> None:
        assert await clouds.call("GET", "/v2/account", token="no") == (
            401,
            {"error": "Invalid API token.", "status": 401},
        )

    play(tmp_path, "vultr", scene)


def test_an_instance_boots_with_its_keys_script_firewall_and_reserved_address(tmp_path: Path) -> None:
    async def scene(clouds: Clouds) -> None:
        key = (await clouds.call("POST", "/v2/ssh-keys", {"name": "k", "ssh_key": KEY}))[1]["ssh_key"]
        script = {"name": "s", "type": "boot", "script": "ZWNobyBoaQ=="}
        script_id = (await clouds.call("POST", "/v2/startup-scripts", script))[1]["startup_script"]["id"]
        group = (await clouds.call("POST", "/v2/firewalls", {"description": "g"}))[1]["firewall_group"]["id"]
        rule = {"ip_type": "v4", "protocol": "tcp", "port": "3001:3010", "subnet": "0.0.0.0", "subnet_size": 0}
        assert (await clouds.call("POST", f"/v2/firewalls/{group}/rules", rule))[0] == 201
        address = (await clouds.call("POST", "/v2/reserved-ips", {"region": "ewr", "ip_type": "v4"}))[1]["reserved_ip"]
        made = await clouds.instance(
            hostname="mech", sshkey_id=[key["id"]], script_id=script_id, firewall_group_id=group,
            reserved_ipv4=address["id"],
        )  # fmt: skip
        spec = clouds.hosts.specs[made["id"]]
        assert (spec.ssh_keys, spec.startup_script, spec.hostname) == ([KEY], "echo hi", "mech")
        assert made["main_ip"] == spec.address == address["subnet"]
        assert clouds.hosts.rules[made["id"]] == [FirewallRule("v4", "tcp", "3001:3010", "0.0.0.0", 0)]
        await clouds.call("DELETE", f"/v2/firewalls/{group}/rules/1")
        assert clouds.hosts.rules[made["id"]] == []

    play(tmp_path, "vultr", scene)


def test_deleting_an_instance_keeps_its_disk_and_address(tmp_path: Path) -> None:
    async def scene(clouds: Clouds) -> None:
        made = await clouds.instance()
        block = (
            await clouds.call("POST", "/v2/blocks", {"region": "ewr", "size_gb": 40, "block_type": "storage_opt"})
        )[1]["block"]
        attach = {"instance_id": made["id"], "live": True}
        assert (await clouds.call("POST", f"/v2/blocks/{block['id']}/attach", attach))[0] == 204
        assert (await clouds.call("POST", f"/v2/blocks/{block['id']}/attach", attach))[0] == 400
        assert (await clouds.call("DELETE", f"/v2/instances/{made['id']}"))[0] == 204
        assert clouds.hosts.states == {}
        assert clouds.hosts.blocks == {}
        assert (await clouds.call("GET", f"/v2/blocks/{block['id']}"))[1]["block"]["attached_to_instance"] == ""
        assert await clouds.call("GET", f"/v2/instances/{made['id']}") == (
            404,
            {"error": "invalid instance ID", "status": 404},
        )

    play(tmp_path, "vultr", scene)


def test_power_is_told_as_the_host_has_it(tmp_path: Path) -> None:
    async def scene(clouds: Clouds) -> None:
        made = await clouds.instance()

        async def becomes(wanted: str) -> None:
            # The answer comes before the deed, as at the real one.
            for _ in range(200):
                shown = (await clouds.call("GET", f"/v2/instances/{made['id']}"))[1]["instance"]
                if shown["power_status"] == wanted:
                    return
                await asyncio.sleep(0.01)
            raise AssertionError(f"the instance did not become {wanted}")

        await clouds.call("POST", f"/v2/instances/{made['id']}/halt")
        await becomes("stopped")
        await clouds.call("POST", f"/v2/instances/{made['id']}/start")
        await becomes("running")

    play(tmp_path, "vultr", scene)


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        ("/v2/instances", {"region": "xxx", "plan": "vc2-4c-8gb", "os_id": 2136}, "Invalid region"),
        ("/v2/instances", {"region": "ewr", "plan": "huge", "os_id": 2136}, "Invalid plan"),
        ("/v2/instances", {"region": "ewr", "plan": "vc2-4c-8gb", "os_id": 1}, "Invalid OS"),
        ("/v2/ssh-keys", {"name": "k", "ssh_key": "nonsense"}, "Invalid SSH key"),
        ("/v2/startup-scripts", {"name": "k", "script": "###"}, "base64"),
        ("/v2/blocks", {"region": "ewr", "size_gb": 1, "block_type": "storage_opt"}, "40 and 40000"),
        ("/v2/reserved-ips", {"region": "ewr"}, "ip_type"),
    ],
)
def test_vultr_refuses_what_the_real_one_refuses(tmp_path: Path, path: str, body: dict[str, Any], says: str) -> None:
    async def scene(clouds: Clouds) -> None:
        status, answer = await clouds.call("POST", path, body)
        assert (status, answer["status"]) == (400, 400)
        assert says in answer["error"]

    play(tmp_path, "vultr", scene)


def test_pages_lead_to_each_other(tmp_path: Path) -> None:
    async def scene(clouds: Clouds) -> None:
        for number in range(5):
            await clouds.call("POST", "/v2/firewalls", {"description": str(number)})
        seen, cursor = [], ""
        while True:
            answer = (await clouds.call("GET", f"/v2/firewalls?per_page=2&cursor={cursor}"))[1]
            seen += [group["description"] for group in answer["firewall_groups"]]
            cursor = answer["meta"]["links"]["next"]
            if not cursor:
                break
        assert seen == ["0", "1", "2", "3", "4"]

    play(tmp_path, "vultr", scene)


def test_more_than_thirty_requests_a_second_are_too_many(tmp_path: Path) -> None:
    async def scene(clouds: Clouds) -> None:
        answers = await asyncio.gather(*(clouds.call("GET", "/v2/account") for _ in range(40)))
        assert {status for status, _ in answers} == {200, 429}

    play(tmp_path, "vultr", scene)


def test_records_survive_a_restart(tmp_path: Path) -> None:
    async def make(clouds: Clouds) -> None:
        await clouds.call("POST", "/v2/firewalls", {"description": "kept"})

    async def look(clouds: Clouds) -> None:
        assert (await clouds.call("GET", "/v2/firewalls"))[1]["firewall_groups"][0]["description"] == "kept"

    play(tmp_path, "vultr", make)
    play(tmp_path, "vultr", look)


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


def test_requests_side_by_side_do_not_overwrite_each_other(tmp_path: Path) -> None:
    async def rules(clouds: Clouds) -> None:
        group = (await clouds.call("POST", "/v2/firewalls", {"description": "g"}))[1]["firewall_group"]["id"]
        rule = {"ip_type": "v4", "protocol": "tcp", "subnet": "0.0.0.0", "subnet_size": 0}
        ports = [str(port) for port in range(1, 21)]
        await asyncio.gather(*(clouds.call("POST", f"/v2/firewalls/{group}/rules", {**rule, "port": p}) for p in ports))
        kept = (await clouds.call("GET", f"/v2/firewalls/{group}/rules"))[1]["firewall_rules"]
        assert sorted(entry["port"] for entry in kept) == sorted(ports)

    async def settings(clouds: Clouds) -> None:
        base = f"/client/v4/zones/{MECH_ZONE}/settings"
        wanted = {"ssl": "strict", "always_use_https": "on", "min_tls_version": "1.2", "brotli": "off", "http3": "off"}
        await asyncio.gather(*(clouds.call("PATCH", f"{base}/{id}", {"value": v}) for id, v in wanted.items()))
        kept = {entry["id"]: entry["value"] for entry in (await clouds.call("GET", base))[1]["result"]}
        assert {id: kept[id] for id in wanted} == wanted

    play(tmp_path, "vultr", rules)
    play(tmp_path, "cloudflare", settings)
