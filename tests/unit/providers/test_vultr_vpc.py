"""Vultr's VPCs, and instances in them: the stand-in's gRPC surface against the sandbox's own API.

Nobody has recorded the official plugin at this: what is expected is what terraform-provider-vultr 2.27.1's source does.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from sandbox.providers.harness import Engine, running
from sandbox.providers.values import UNKNOWN, Secret
from sandbox.providers.vultr.provider import Vultr as Plugin
from tests.parity import vultr_world
from tests.parity.vultr_world import VultrWorld
from tests.unit.providers.lifecycle import changes, made

VPC, INSTANCE, GET_VPC = "vultr:index/vpc:Vpc", "vultr:index/instance:Instance", "vultr:index/getVpc:getVpc"
HOST = {"region": "ewr", "plan": "vc2-1c-1gb", "osId": 2136, "label": "mech-w1"}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[VultrWorld]:
    with vultr_world.running(tmp_path) as found:
        monkeypatch.setenv("MECH_VULTR_URL", found.url)
        yield found


@pytest.fixture
def engine(world: VultrWorld) -> Iterator[Engine]:
    with running(Plugin()) as engine:
        engine.configure(apiKey=Secret(vultr_world.KEY))
        yield engine


def plain(state: dict[str, Any]) -> dict[str, Any]:
    """A state as the engine gives it to Diff."""
    return {**state, "defaultPassword": "x"}


def network(engine: Engine, description: str = "fleet", **more: Any) -> str:
    return made(engine, VPC, {"region": "ewr", "description": description, **more})[0]


def test_a_vpc_gets_a_range_and_keeps_it(engine: Engine) -> None:
    wanted = {"region": "EWR", "description": "fleet"}
    with pytest.raises(grpc.RpcError, match=r"error creating VPC: .*Invalid region"):
        made(engine, VPC, wanted)
    wanted["region"] = "ewr"
    checked, _ = engine.check(VPC, wanted)
    preview = engine.create(VPC, checked, preview=True)[1]
    assert (preview["v4Subnet"], preview["v4SubnetMask"], preview["description"]) == (UNKNOWN, UNKNOWN, "fleet")
    id, state, inputs = made(engine, VPC, wanted)
    assert (state["v4Subnet"], state["v4SubnetMask"], state["region"]) == ("10.1.96.0", 20, "ewr")
    assert changes(engine, VPC, inputs, wanted, state) == ({}, [])
    _, state, inputs = engine.read(VPC, id, state, inputs)
    assert changes(engine, VPC, inputs, {**wanted, "region": "EWR"}, state) == ({}, [])
    assert engine.invoke(GET_VPC, {"filters": [{"name": "description", "values": ["fleet"]}]})["v4SubnetMask"] == 20


@pytest.mark.parametrize(
    ("change", "replaces"),
    [
        ({"description": "other"}, False),
        ({"region": "fra"}, True),
        ({"v4Subnet": "10.9.0.0"}, True),
        ({"v4SubnetMask": 16}, True),
    ],
)
def test_what_of_a_vpc_is_replaced(engine: Engine, change: dict[str, Any], replaces: bool) -> None:
    wanted = {"region": "ewr", "v4Subnet": "10.8.0.0", "v4SubnetMask": 24}
    _, state, inputs = made(engine, VPC, wanted)
    kinds, replaced = changes(engine, VPC, inputs, {**wanted, **change}, state)
    assert (set(kinds), replaced) == (set(change), list(change) if replaces else [])


def test_a_description_is_changed_in_place_and_seen_when_changed_by_hand(engine: Engine, world: VultrWorld) -> None:
    id, state, inputs = made(engine, VPC, {"region": "ewr"})
    state = engine.update(VPC, id, state, {**inputs, "description": "fleet"})
    assert state["description"] == "fleet" and world.store.get("vpc", id) is not None
    world.store.update("vpc", id, lambda vpc: vpc.update(description="by hand"))
    _, state, refreshed = engine.read(VPC, id, state, {**inputs, "description": "fleet"})
    wanted = {"region": "ewr", "description": "fleet"}
    assert changes(engine, VPC, refreshed, wanted, state)[0] == {"description": "UPDATE"}
    world.store.delete("vpc", id)
    assert engine.read(VPC, id, state, inputs)[0] == ""


def test_a_subnet_that_is_none_is_refused_before_the_cloud_is_asked(engine: Engine) -> None:
    _, failures = engine.check(VPC, {"region": "ewr", "v4Subnet": "10.8.0.0/24"})
    assert "expected v4_subnet to contain a valid IPv4 address, got: 10.8.0.0/24" in failures[0][1]


def test_an_instance_in_a_vpc_knows_its_address_and_is_clean(engine: Engine) -> None:
    a, b = network(engine), network(engine, "other")
    id, state, inputs = made(engine, INSTANCE, {**HOST, "vpcIds": [a, b]})
    assert (set(state["vpcIds"]), state["internalIp"]) == ({a, b}, "10.1.96.3")
    assert changes(engine, INSTANCE, inputs, {**HOST, "vpcIds": [b, a]}, plain(state)) == ({}, [])
    _, state, inputs = engine.read(INSTANCE, id, state, inputs)
    assert changes(engine, INSTANCE, inputs, {**HOST, "vpcIds": [a, b]}, plain(state)) == ({}, [])


def test_a_running_instance_is_attached_and_detached_in_place(engine: Engine, world: VultrWorld) -> None:
    a, b = network(engine), network(engine, "other")
    id, state, inputs = made(engine, INSTANCE, HOST)
    assert state["internalIp"] == ""
    kinds, replaced = changes(engine, INSTANCE, inputs, {**HOST, "vpcIds": [a]}, plain(state))
    assert (kinds, replaced) == ({"vpcIds": "ADD"}, [])
    inputs, _ = engine.check(INSTANCE, {**HOST, "vpcIds": [a]}, inputs)
    # As Terraform plans a computed value that nothing is known to change.
    assert engine.update(INSTANCE, id, state, inputs, preview=True)["internalIp"] == ""
    state = engine.update(INSTANCE, id, state, inputs)
    assert (state["vpcIds"], state["internalIp"]) == ([a], "10.1.96.3") and world.hosts.boots == [id, id]
    state = engine.update(INSTANCE, id, state, {**inputs, "vpcIds": [b]})
    assert (state["vpcIds"], state["internalIp"]) == ([b], "10.2.96.3")
    assert [port.vpc for port in world.hosts.ports[id]] == [b]


def test_a_program_that_no_longer_speaks_of_vpcs_leaves_the_instance_in_them(engine: Engine) -> None:
    """Optional and computed: what the cloud has is right."""
    a = network(engine)
    id, state, inputs = made(engine, INSTANCE, {**HOST, "vpcIds": [a]})
    assert changes(engine, INSTANCE, inputs, HOST, plain(state)) == ({}, [])
    state = engine.update(INSTANCE, id, state, {**HOST, "backups": "disabled", "label": "new"})
    assert state["vpcIds"] == [a]


def test_a_program_that_says_that_there_is_none_detaches(engine: Engine, world: VultrWorld) -> None:
    """As pulumi-terraform-bridge's own tests have it for a set that is computed and given as empty."""
    wanted = {**HOST, "vpcIds": [network(engine)]}
    id, state, inputs = made(engine, INSTANCE, wanted)
    assert changes(engine, INSTANCE, inputs, {**HOST, "vpcIds": []}, plain(state)) == ({"vpcIds": "DELETE"}, [])
    inputs, _ = engine.check(INSTANCE, {**HOST, "vpcIds": []}, inputs)
    state = engine.update(INSTANCE, id, state, inputs)
    assert (state["vpcIds"], state["internalIp"], world.hosts.ports[id]) == ([], "", [])
    for same in (HOST, {**HOST, "vpcIds": []}):
        assert changes(engine, INSTANCE, inputs, same, plain(state)) == ({}, [])


def test_an_instance_detached_by_hand_is_seen_and_repaired(engine: Engine, world: VultrWorld) -> None:
    a = network(engine)
    wanted = {**HOST, "vpcIds": [a]}
    id, state, inputs = made(engine, INSTANCE, wanted)
    world.store.update("instance", id, lambda record: record.update(_ports=[], internal_ip=""))
    _, state, refreshed = engine.read(INSTANCE, id, state, inputs)
    assert not state["vpcIds"]
    kinds, replaced = changes(engine, INSTANCE, refreshed, wanted, plain(state))
    assert (kinds, replaced) == ({"vpcIds": "ADD"}, [])
    assert engine.update(INSTANCE, id, state, inputs)["vpcIds"] == [a]


def test_a_vpc_in_use_stays_until_its_instances_are_gone(
    engine: Engine, world: VultrWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = network(engine)
    state = engine.read(VPC, a, {}, {})[1]
    id, instance, _ = made(engine, INSTANCE, {**HOST, "vpcIds": [a]})
    monkeypatch.setattr("sandbox.providers.vultr.vpc._LIMIT_S", 0.0)
    with pytest.raises(grpc.RpcError, match=r"cannot remove attached VPC: .*servers are attached to this VPC network"):
        engine.delete(VPC, a, state)
    engine.delete(INSTANCE, id, instance)
    engine.delete(VPC, a, state)
    assert world.store.all("vpc") == world.store.all("instance") == []
