"""Vultr's API as a person with curl meets it, over fake hosts."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from sandbox.host.model import FirewallRule

from .rig import KEY, Clouds, play


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


def test_rules_side_by_side_do_not_overwrite_each_other(tmp_path: Path) -> None:
    async def rules(clouds: Clouds) -> None:
        group = (await clouds.call("POST", "/v2/firewalls", {"description": "g"}))[1]["firewall_group"]["id"]
        rule = {"ip_type": "v4", "protocol": "tcp", "subnet": "0.0.0.0", "subnet_size": 0}
        ports = [str(port) for port in range(1, 21)]
        await asyncio.gather(*(clouds.call("POST", f"/v2/firewalls/{group}/rules", {**rule, "port": p}) for p in ports))
        kept = (await clouds.call("GET", f"/v2/firewalls/{group}/rules"))[1]["firewall_rules"]
        assert sorted(entry["port"] for entry in kept) == sorted(ports)

    play(tmp_path, "vultr", rules)
