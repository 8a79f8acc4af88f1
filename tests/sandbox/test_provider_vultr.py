"""The Vultr stand-in under the real engine and the official SDK classes: up, drift, repair, replacement, import."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parity import vultr_world
from tests.sandbox.bridged_stack import Stack
from tests.unit.providers.fake_clouds import Vultr, serving

PROGRAM = """
import base64
import pulumi
import ediri_vultr as vultr

key = vultr.SSHKey("key", ssh_key="ssh-ed25519 AAAA test")
group = vultr.FirewallGroup("group", description="mech")
for port in ("22", "80"):
    vultr.FirewallRule(f"allow-{port}", firewall_group_id=group.id, ip_type="v4", protocol="tcp",
                       subnet="0.0.0.0", subnet_size=0, port=port)
address = vultr.ReservedIp("address", region="ewr", ip_type="v4", label="mech")
script = vultr.StartupScript("boot", script=base64.b64encode(b"#!/bin/sh\\n").decode())
host = vultr.Instance("host", region="ewr", plan="vc2-1c-1gb", os_id=2136, label="mech-1", hostname="mech-1",
                      ssh_key_ids=[key.id], firewall_group_id=group.id, script_id=script.id,
                      reserved_ip_id=address.id, tags=["mech"])
block = vultr.BlockStorage("data", region="ewr", size_gb=10, label="data", attached_to_instance=host.id, live=True)
found = vultr.get_block_storage_output(filters=[{"name": "label", "values": [block.label]}])
pulumi.export("ip", host.main_ip)
pulumi.export("mount", found.mount_id)
pulumi.export("password", host.default_password)
"""


@pytest.fixture
def api() -> Iterator[Vultr]:
    fake = Vultr()
    with serving(fake, "/v2"):
        yield fake


@pytest.fixture
def stack(api: Vultr, tmp_path: Path) -> Stack:
    return Stack(tmp_path, PROGRAM, {"MECH_VULTR_URL": api.url, "VULTR_API_KEY": "good"})


def test_a_whole_life(stack: Stack, api: Vultr) -> None:
    assert "+ 9 to create" in stack.preview() and not api.requests
    shown = stack.up()
    assert "+ 9 created" in shown and "pass-word-1" not in shown and '"ewr-1"' in shown
    assert "pass-word-1" not in stack.run("stack", "export")
    stack.clean()
    stack.clean("--refresh")

    host, group = stack.id("host"), stack.id("group")
    api.things[f"instances/{host}"].update(tags=["x", "mech"], firewall_group_id="")
    del api.things[f"firewalls/{group}/rules/{stack.id('allow-80')}"]
    shown = stack.preview("--refresh", "--diff")
    assert '- [1]: "x"' in shown and f'+ firewallGroupId: "{group}"' in shown
    assert "+ 1 to create" in shown and "~ 1 to update" in shown
    stack.up("--refresh")
    stack.clean("--refresh")
    assert api.things[f"instances/{host}"]["firewall_group_id"] == group

    stack.program(PROGRAM.replace("AAAA test", "BBBB test").replace('tags=["mech"]', 'tags=["mech", "b"]'))
    assert "~ 2 updated" in stack.up() and stack.id("host") == host
    stack.program(PROGRAM.replace("AAAA test", "BBBB test").replace("os_id=2136", "os_id=2284"))
    shown = stack.preview("--diff")
    assert "+-1 to replace" in shown and "osId" in shown
    stack.up()
    assert stack.id("host") != host and api.things[f"blocks/{stack.id('data')}"]["attached_to_instance"] == stack.id(
        "host"
    )

    assert "9 deleted" in stack.destroy() and not api.things


def test_instance_removed_outside_comes_back_and_import(stack: Stack, api: Vultr) -> None:
    stack.up()
    before = stack.id("host")
    del api.things[f"instances/{before}"]
    assert "vultr:index:Instance host create" in stack.preview("--refresh")
    stack.up("--refresh")
    assert stack.id("host") != before

    group, rule = stack.id("group"), stack.id("allow-22")
    stack.run("state", "delete", stack_urn(stack, "allow-22"), "--yes")
    imported = PROGRAM.replace(
        "port=port)", f'port=port, opts=pulumi.ResourceOptions(import_="{group},{rule}" if port == "22" else None))'
    )
    stack.program(imported)
    assert "= 1 imported" in stack.up()
    assert stack.id("allow-22") == rule
    stack.program(PROGRAM)
    stack.clean("--refresh")


def stack_urn(stack: Stack, name: str) -> str:
    return str(next(one["urn"] for one in stack.exported() if one["urn"].endswith(f"::{name}")))


def test_wrong_and_missing_key_and_argument(stack: Stack, api: Vultr) -> None:
    stack.environment["VULTR_API_KEY"] = "wrong-key-text"
    shown = stack.up(ok=False)
    assert "Vultr refused the API key: Invalid API token." in shown and "vultr:apiKey" in shown
    assert "wrong-key-text" not in shown
    del stack.environment["VULTR_API_KEY"]
    assert "Vultr needs an API key: set it with `pulumi config set --secret vultr:apiKey" in stack.up(ok=False)
    stack.run("config", "set", "--secret", "vultr:apiKey", "good")
    stack.program(PROGRAM.replace('protocol="tcp"', 'protocol="tpc"'))
    assert "expected protocol to be one of ['icmp', 'tcp'" in stack.preview(ok=False)
    stack.program(PROGRAM)
    stack.up()


NETWORK = """
import pulumi
import ediri_vultr as vultr

vpc = vultr.Vpc("fleet", region="ewr", description="fleet")
kind = {"region": "ewr", "plan": "vc2-1c-1gb", "os_id": 2136}
first = vultr.Instance("first", label="first", **kind)
worker = vultr.Instance("worker", label="worker", vpc_ids=[vpc.id], **kind)
pulumi.export("first", first.internal_ip)
pulumi.export("worker", worker.internal_ip)
"""


def test_a_host_goes_into_a_network_and_out_again(tmp_path: Path) -> None:
    with vultr_world.running(tmp_path / "cloud") as world:
        stack = Stack(tmp_path, NETWORK, {"MECH_VULTR_URL": world.url, "VULTR_API_KEY": vultr_world.KEY})
        assert "10.1.96.3" in stack.up()
        stack.clean()
        stack.clean("--refresh")
        alone = world.hosts.boots.count(stack.id("first"))
        stack.program(NETWORK.replace('label="first"', 'label="first", vpc_ids=[vpc.id]'))
        assert "~ 1 to update" in stack.preview()
        assert "10.1.96.4" in stack.up() and world.hosts.boots.count(stack.id("first")) == alone + 1
        stack.clean("--refresh")
        # Not to speak of it is not to leave it; to say that there is none is.
        stack.program(NETWORK)
        stack.clean()
        stack.program(NETWORK.replace('label="first"', 'label="first", vpc_ids=[]'))
        stack.up()
        stack.clean("--refresh")
        assert world.hosts.ports[stack.id("first")] == []
        stack.destroy()
        assert world.store.all("vpc") == world.store.all("instance") == []
