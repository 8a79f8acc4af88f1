"""Vultr's API of VPCs as a person with curl meets it, over fake hosts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .rig import Clouds, play


async def vpc(clouds: Clouds, **fields: Any) -> dict[str, Any]:
    status, said = await clouds.call("POST", "/v2/vpcs", {"region": "ewr", **fields})
    assert status == 201, said
    return dict(said["vpc"])


def refusal(status: int, text: str) -> tuple[int, dict[str, Any]]:
    return status, {"error": text, "status": status}


def test_a_vpc_is_made_read_described_and_removed(tmp_path: Path) -> None:
    async def scene(clouds: Clouds) -> None:
        made = await vpc(clouds, description="fleet", v4_subnet="10.99.0.0", v4_subnet_mask=24)
        assert (made["v4_subnet"], made["v4_subnet_mask"], made["region"]) == ("10.99.0.0", 24, "ewr")
        assert (await clouds.call("PUT", f"/v2/vpcs/{made['id']}", {"description": "other"}))[0] == 204
        assert await clouds.call("GET", f"/v2/vpcs/{made['id']}") == (200, {"vpc": {**made, "description": "other"}})
        assert [one["id"] for one in (await clouds.call("GET", "/v2/vpcs"))[1]["vpcs"]] == [made["id"]]
        assert (await clouds.call("DELETE", f"/v2/vpcs/{made['id']}"))[0] == 204
        assert await clouds.call("GET", f"/v2/vpcs/{made['id']}") == refusal(404, "Invalid VPC ID")

    play(tmp_path, "vultr", scene)


def test_five_vpcs_a_region_that_do_not_overlap(tmp_path: Path) -> None:
    async def scene(clouds: Clouds) -> None:
        # As govultr sends what is not given.
        made = [await vpc(clouds, description="", v4_subnet="", v4_subnet_mask=0) for _ in range(5)]
        assert len({one["v4_subnet"] for one in made}) == 5
        limit = refusal(400, "You have reached the maximum number of VPC networks in this region.")
        assert await clouds.call("POST", "/v2/vpcs", {"region": "ewr"}) == limit
        await vpc(clouds, region="fra")

    play(tmp_path, "vultr", scene)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"region": "moon"}, "Invalid region."),
        ({}, "Missing required parameter: region."),
        ({"region": "ewr", "v4_subnet": "10.9.0.0"}, "required together"),
        ({"region": "ewr", "v4_subnet_mask": 24}, "required together"),
        ({"region": "ewr", "v4_subnet": "10.9.0.1", "v4_subnet_mask": 24}, "not an IPv4 network"),
        ({"region": "ewr", "v4_subnet": "198.51.100.0", "v4_subnet_mask": 24}, "RFC 1918"),
        ({"region": "ewr", "v4_subnet": "10.77.3.0", "v4_subnet_mask": 24}, "main addresses"),
    ],
)
def test_what_is_no_vpc_is_refused(tmp_path: Path, body: dict[str, Any], says: str) -> None:
    async def scene(clouds: Clouds) -> None:
        status, said = await clouds.call("POST", "/v2/vpcs", body)
        assert status == 400 and says in said["error"]

    play(tmp_path, "vultr", scene)


def test_an_instance_boots_in_its_vpcs_with_the_next_address(tmp_path: Path) -> None:
    async def scene(clouds: Clouds) -> None:
        a, b = await vpc(clouds, v4_subnet="10.99.0.0", v4_subnet_mask=24), await vpc(clouds)
        one, two = await clouds.instance(attach_vpc=[a["id"], b["id"]]), await clouds.instance(attach_vpc=[a["id"]])
        assert (one["internal_ip"], two["internal_ip"]) == ("10.99.0.3", "10.99.0.4")
        assert [(port.vpc, port.interface, port.size) for port in clouds.hosts.ports[one["id"]]] == [
            (a["id"], "eth1", 24), (b["id"], "eth2", 20),
        ]  # fmt: skip
        assert clouds.hosts.boots == [one["id"], two["id"]]
        listed = (await clouds.call("GET", f"/v2/instances/{two['id']}/vpcs"))[1]["vpcs"]
        mac = clouds.hosts.ports[two["id"]][0].mac
        assert listed == [{"id": a["id"], "mac_address": mac, "ip_address": "10.99.0.4"}]
        assert (await clouds.call("GET", f"/v2/instances/{one['id']}/vpc2"))[1]["vpcs"] == []
        # An address is free again when its instance is gone.
        await clouds.call("DELETE", f"/v2/instances/{one['id']}")
        assert (await clouds.instance(attach_vpc=[a["id"]]))["internal_ip"] == "10.99.0.3"

    play(tmp_path, "vultr", scene)


def test_a_running_instance_restarts_for_a_new_vpc_and_not_for_one_it_loses(tmp_path: Path) -> None:
    async def scene(clouds: Clouds) -> None:
        a, b = await vpc(clouds), await vpc(clouds)
        id = (await clouds.instance())["id"]
        one = f"/v2/instances/{id}"
        shown = (await clouds.call("PATCH", one, {"attach_vpc": [a["id"]]}))[1]["instance"]
        assert shown["internal_ip"] == clouds.hosts.ports[id][0].address and clouds.hosts.boots == [id, id]
        assert (await clouds.call("POST", f"{one}/vpcs/attach", {"vpc_id": b["id"]}))[0] == 204
        assert [port.vpc for port in clouds.hosts.ports[id]] == [a["id"], b["id"]] and len(clouds.hosts.boots) == 3
        assert (await clouds.call("POST", f"{one}/vpcs/detach", {"vpc_id": a["id"]}))[0] == 204
        assert (await clouds.call("GET", one))[1]["instance"]["internal_ip"] == clouds.hosts.ports[id][0].address
        assert (await clouds.call("PATCH", one, {"detach_vpc": [b["id"]], "label": "x"}))[0] == 202
        assert clouds.hosts.ports[id] == [] and len(clouds.hosts.boots) == 3
        assert (await clouds.call("GET", one))[1]["instance"]["internal_ip"] == ""
        assert (await clouds.call("DELETE", f"/v2/vpcs/{a['id']}"))[0] == 204

    play(tmp_path, "vultr", scene)


def test_a_vpc_in_use_is_not_removed(tmp_path: Path) -> None:
    async def scene(clouds: Clouds) -> None:
        a = await vpc(clouds)
        one = await clouds.instance(attach_vpc=[a["id"]])
        words = f"The following servers are attached to this VPC network: {one['main_ip']}"
        assert await clouds.call("DELETE", f"/v2/vpcs/{a['id']}") == refusal(400, words)
        await clouds.call("DELETE", f"/v2/instances/{one['id']}")
        assert (await clouds.call("DELETE", f"/v2/vpcs/{a['id']}"))[0] == 204

    play(tmp_path, "vultr", scene)


def test_enable_vpc_takes_the_regions_own_or_makes_it(tmp_path: Path) -> None:
    async def scene(clouds: Clouds) -> None:
        first, second = await clouds.instance(enable_vpc=True), await clouds.instance(enable_vpc=True)
        assert len((await clouds.call("GET", "/v2/vpcs"))[1]["vpcs"]) == 1
        assert {len(clouds.hosts.ports[one["id"]]) for one in (first, second)} == {1}
        await vpc(clouds)
        asked = {"region": "ewr", "plan": "vc2-1c-1gb", "os_id": 2136, "enable_vpc": True}
        assert "several VPCs" in (await clouds.call("POST", "/v2/instances", asked))[1]["error"]

    play(tmp_path, "vultr", scene)


def test_a_vpc_of_another_region_or_kind_is_refused_and_nothing_changes(tmp_path: Path) -> None:
    async def scene(clouds: Clouds) -> None:
        far = await vpc(clouds, region="fra")
        one = await clouds.instance()
        path = f"/v2/instances/{one['id']}"
        for wanted, says in (
            ({"attach_vpc": [far["id"]]}, "VPC is not in the instance's region."),
            ({"attach_vpc": ["nowhere"], "label": "x"}, "Invalid VPC ID"),
            ({"attach_vpc2": ["nowhere"]}, "Invalid attach_vpc2: VPC 2.0 is no longer supported: use attach_vpc."),
        ):
            assert await clouds.call("PATCH", path, wanted) == refusal(400, says)
        assert (await clouds.call("POST", f"{path}/vpcs/detach", {"vpc_id": far["id"]}))[0] == 400
        assert (await clouds.call("GET", path))[1]["instance"]["label"] == "" and len(clouds.hosts.boots) == 1

    play(tmp_path, "vultr", scene)


def test_an_attachment_that_the_daemon_did_not_live_to_make_is_made_by_the_next(tmp_path: Path) -> None:
    kept: dict[str, Any] = {}

    async def before(clouds: Clouds) -> None:
        kept["vpc"], kept["host"] = await vpc(clouds), await clouds.instance()
        port = {
            "vpc": kept["vpc"]["id"],
            "interface": "eth1",
            "address": "10.1.96.3",
            "size": 20,
            "mac": "5a:00:00:00:00:01",
        }
        clouds.store.update("instance", kept["host"]["id"], lambda r: r.update(_ports=[port]))

    async def after(clouds: Clouds) -> None:
        clouds.hosts.states[kept["host"]["id"]] = "stopped"
        await clouds.call("POST", f"/v2/instances/{kept['host']['id']}/start")
        for _ in range(200):
            if clouds.hosts.ports.get(kept["host"]["id"]):
                return
            await clouds.call("GET", "/v2/regions")
        raise AssertionError("the host was not attached")

    play(tmp_path, "vultr", before)
    play(tmp_path, "vultr", after)
