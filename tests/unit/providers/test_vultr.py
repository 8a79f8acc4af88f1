"""The Vultr stand-in through its gRPC surface, against a small in-process API."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from sandbox.providers.harness import Engine, running
from sandbox.providers.values import UNKNOWN, Secret
from sandbox.providers.vultr.provider import Vultr as Plugin
from tests.unit.providers.fake_clouds import Vultr, serving
from tests.unit.providers.lifecycle import changes, made

INSTANCE, KEY = "vultr:index/instance:Instance", "vultr:index/sSHKey:SSHKey"
GROUP, RULE = "vultr:index/firewallGroup:FirewallGroup", "vultr:index/firewallRule:FirewallRule"
IP, SCRIPT = "vultr:index/reservedIp:ReservedIp", "vultr:index/startupScript:StartupScript"
BLOCK, GET_BLOCK = "vultr:index/blockStorage:BlockStorage", "vultr:index/getBlockStorage:getBlockStorage"
HOST = {"region": "ewr", "plan": "vc2-1c-1gb", "osId": 2136, "label": "mech-1", "sshKeyIds": ["k1"], "tags": ["b", "a"]}
OPEN = {"firewallGroupId": "g1", "ipType": "v4", "protocol": "tcp", "subnet": "0.0.0.0", "subnetSize": 0, "port": "22"}


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Vultr]:
    fake = Vultr()
    with serving(fake, "/v2") as url:
        monkeypatch.setenv("MECH_VULTR_URL", url)
        monkeypatch.delenv("VULTR_API_KEY", raising=False)
        yield fake


@pytest.fixture
def engine(api: Vultr) -> Iterator[Engine]:
    with running(Plugin()) as engine:
        engine.configure(apiKey=Secret("good"))
        yield engine


def test_instance_waits_until_it_runs(engine: Engine, api: Vultr) -> None:
    id, state, _ = made(engine, INSTANCE, HOST)
    assert (state["status"], state["powerStatus"], state["mainIp"]) == ("active", "running", "10.1.2.4")
    assert state["defaultPassword"] == Secret("pass-word-1")
    body = api.sent("POST", "instances")[0]
    assert body["sshkey_id"] == ["k1"] and body["os_id"] == 2136 and body["enable_ipv6"] is False
    assert "app_id" not in body and id in api.things[f"instances/{id}"]["id"]


def test_instance_is_clean_after_create_and_after_refresh(engine: Engine) -> None:
    id, state, inputs = made(engine, INSTANCE, HOST)
    plain = {**state, "defaultPassword": "x"}
    assert changes(engine, INSTANCE, inputs, HOST, plain) == ({}, [])
    _, state, inputs = engine.read(INSTANCE, id, state, inputs)
    assert state["defaultPassword"] == Secret("pass-word-1")
    assert changes(engine, INSTANCE, inputs, {**HOST, "tags": ["a", "b"]}, {**state, "defaultPassword": "x"}) == (
        {},
        [],
    )


@pytest.mark.parametrize(
    ("change", "replaces"),
    [
        ({"plan": "vc2-2c-4gb"}, False),
        ({"label": "other"}, False),
        ({"tags": ["a"]}, False),
        ({"firewallGroupId": "g2"}, False),
        ({"enableIpv6": True}, False),
        ({"sshKeyIds": ["k2"]}, True),
        ({"osId": 477}, True),
        ({"userData": "#cloud-config"}, True),
        ({"region": "fra"}, True),
        ({"hostname": "new"}, True),
        ({"reservedIpId": "r1"}, True),
        ({"scriptId": UNKNOWN}, True),
    ],
)
def test_instance_replacement_matrix(engine: Engine, change: dict[str, Any], replaces: bool) -> None:
    _, state, inputs = made(engine, INSTANCE, HOST)
    kinds, replaced = changes(engine, INSTANCE, inputs, {**HOST, **change}, {**state, "defaultPassword": "x"})
    assert {path.split("[")[0] for path in kinds} == set(change)
    assert replaced == (list(change) if replaces else [])


def test_region_in_capitals_is_no_change(engine: Engine) -> None:
    _, state, inputs = made(engine, INSTANCE, HOST)
    assert changes(engine, INSTANCE, inputs, {**HOST, "region": "EWR"}, {**state, "defaultPassword": "x"}) == ({}, [])


def test_edit_outside_shows_after_refresh_and_update_repairs(engine: Engine, api: Vultr) -> None:
    id, state, inputs = made(engine, INSTANCE, {**HOST, "firewallGroupId": "g1"})
    api.things[f"instances/{id}"].update(firewall_group_id="", label="hand-made", tags=["x"])
    _, state, refreshed = engine.read(INSTANCE, id, state, inputs)
    assert refreshed["tags"] == ["x"] and "osId" in refreshed
    assert refreshed["label"] == "mech-1"  # 2.27.1 never reads it: recorded, 05-preview-drift
    kinds, replaced = changes(engine, INSTANCE, refreshed, inputs, {**state, "defaultPassword": "x"})
    assert kinds == {"firewallGroupId": "UPDATE", "tags[0]": "UPDATE", "tags[1]": "ADD"}
    assert not replaced
    state = engine.update(INSTANCE, id, state, inputs)
    assert api.sent("PATCH", "instances")[-1]["firewall_group_id"] == "g1"
    assert (state["label"], sorted(state["tags"]), state["firewallGroupId"]) == ("mech-1", ["a", "b"], "g1")


def test_removed_outside_is_dropped_only_on_the_vendors_text(engine: Engine, api: Vultr) -> None:
    id, state, inputs = made(engine, INSTANCE, HOST)
    api.fail[f"GET instances/{id}"] = [(404, {"error": "Not here", "status": 404})]
    with pytest.raises(grpc.RpcError, match="Not here"):
        engine.read(INSTANCE, id, state, inputs)
    del api.things[f"instances/{id}"]
    assert engine.read(INSTANCE, id, state, inputs)[0] == ""


def test_failed_wait_leaves_the_instance_in_the_state(
    engine: Engine, api: Vultr, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "settle", lambda thing: thing.update(status="suspended"))
    with pytest.raises(grpc.RpcError, match="unexpected state 'suspended'") as caught:
        made(engine, INSTANCE, HOST)
    assert "grpc-status-details-bin" in dict(caught.value.trailing_metadata())


def test_instance_needs_exactly_one_image(engine: Engine) -> None:
    for extra, words in (({"appId": 37}, "please select one"), ({"osId": None}, "intended os type")):
        with pytest.raises(grpc.RpcError, match=words):
            made(engine, INSTANCE, {key: item for key, item in {**HOST, **extra}.items() if item})


def test_preview_knows_inputs_and_not_the_rest(engine: Engine, api: Vultr) -> None:
    checked, _ = engine.check(INSTANCE, HOST)
    _, outputs = engine.create(INSTANCE, checked, preview=True)
    assert outputs["mainIp"] is UNKNOWN and outputs["label"] == "mech-1" and outputs["backups"] == "disabled"
    assert not api.requests


def test_missing_arguments_are_named(engine: Engine) -> None:
    _, failures = engine.check(INSTANCE, {"region": "ewr"})
    assert [failure[0] for failure in failures] == ["plan"] and "Missing required argument" in failures[0][1]
    _, failures = engine.check(RULE, {**OPEN, "protocol": "TCP", "subnet": "anywhere", "colour": "red"})
    assert {failure[0] for failure in failures} == {"protocol", "colour"}
    _, failures = engine.check(SCRIPT, {"script": "#!/bin/sh"})
    assert "base64" in failures[0][1]


def test_wrong_and_missing_key(api: Vultr) -> None:
    with running(Plugin()) as engine:
        engine.configure(apiKey=Secret("wrong-key-text"))
        with pytest.raises(grpc.RpcError) as caught:
            engine.create(KEY, {"name": "k", "sshKey": "ssh-ed25519 A"})
        text = caught.value.details()
        assert "Invalid API token." in text and "vultr:apiKey" in text and "wrong-key-text" not in text
        engine.configure()
        with pytest.raises(grpc.RpcError, match="needs an API key: set it with `pulumi config set --secret"):
            engine.create(KEY, {"name": "k", "sshKey": "ssh-ed25519 A"})


def test_rate_limit_is_waited_for_and_then_named(engine: Engine, api: Vultr) -> None:
    limit = (429, {"error": "Rate limit exceeded", "status": 429})
    api.fail["POST ssh-keys"] = [limit, limit]
    made(engine, KEY, {"sshKey": "ssh-ed25519 A"})
    assert len(api.sent("POST", "ssh-keys")) == 3
    api.fail["POST ssh-keys"] = [limit] * 9
    with pytest.raises(grpc.RpcError, match="30 requests a second"):
        made(engine, KEY, {"sshKey": "ssh-ed25519 A"})


def test_a_post_is_not_repeated_after_a_bad_gateway(engine: Engine, api: Vultr) -> None:
    api.fail["POST ssh-keys"] = [(502, "<html>bad gateway")]
    with pytest.raises(grpc.RpcError, match="HTTP 502"):
        made(engine, KEY, {"sshKey": "ssh-ed25519 A"})
    assert len(api.sent("POST", "ssh-keys")) == 1


def test_unreachable_api_says_where(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MECH_VULTR_URL", "http://127.0.0.1:9/v2")
    engine.configure(apiKey=Secret("good"), retryLimit="0")
    with pytest.raises(grpc.RpcError, match=r"cannot reach Vultr's API at http://127.0.0.1:9/v2"):
        engine.create(KEY, {"name": "k", "sshKey": "ssh-ed25519 A"})


def test_automatic_name_stays(engine: Engine) -> None:
    first, _ = engine.check(KEY, {"sshKey": "ssh-ed25519 A"})
    assert first["name"].startswith("it-") and len(first["name"]) == 10
    assert engine.check(KEY, {"sshKey": "ssh-ed25519 B"}, first)[0]["name"] == first["name"]
    assert engine.check(KEY, {"sshKey": "ssh-ed25519 B"}, {"name": "given"})[0]["name"] != "given"


def test_script_type_replaces_and_a_given_name_deletes_first(engine: Engine) -> None:
    script = base64.b64encode(b"#!/bin/sh\n").decode()
    _, state, inputs = made(engine, SCRIPT, {"name": "boot", "script": script})
    answer = engine.diff(SCRIPT, inputs, {**inputs, "type": "pxe"}, state)
    assert list(answer.replaces) == ["type"] and answer.deleteBeforeReplace


def test_firewall_rule_lives_in_its_group(engine: Engine, api: Vultr) -> None:
    group, _, _ = made(engine, GROUP, {"description": "mech"})
    wanted = {**OPEN, "firewallGroupId": group}
    id, state, inputs = made(engine, RULE, wanted)
    assert id == "1" and api.sent("POST", f"firewalls/{group}")[0]["subnet_size"] == 0
    assert changes(engine, RULE, inputs, wanted, state) == ({}, [])
    assert changes(engine, RULE, inputs, {**wanted, "port": "80"}, state)[1] == ["port"]
    real, imported, found = engine.read(RULE, f"{group},1", {}, {})
    assert real == "1" and found["port"] == "22" and imported["firewallGroupId"] == group
    assert changes(engine, RULE, found, wanted, imported) == ({}, [])
    with pytest.raises(grpc.RpcError, match="firewallGroupID,firewallRuleID"):
        engine.read(RULE, "1", {}, {})
    del api.things[f"firewalls/{group}/rules/1"]
    assert engine.read(RULE, "1", state, inputs)[0] == ""


def test_group_gone(engine: Engine, api: Vultr) -> None:
    id, state, inputs = made(engine, GROUP, {"description": "mech"})
    api.things.clear()
    assert engine.read(GROUP, id, state, inputs)[0] == ""
    with pytest.raises(grpc.RpcError, match=r"error destroying firewall group .*`pulumi refresh`"):
        engine.delete(GROUP, id, state)


def test_reserved_ip_attached_by_an_instance_is_no_change(engine: Engine, api: Vultr) -> None:
    wanted = {"region": "ewr", "ipType": "v4", "label": "mech"}
    id, state, inputs = made(engine, IP, wanted)
    api.things[f"reserved-ips/{id}"]["instance_id"] = "i1"
    _, state, inputs = engine.read(IP, id, state, inputs)
    assert state["instanceId"] == "i1"
    assert changes(engine, IP, inputs, wanted, state) == ({}, [])
    state = engine.update(IP, id, state, {**inputs, "instanceId": "i2"})
    assert state["instanceId"] == "i2" and [p for v, p, _ in api.requests if "tach" in p] == [
        f"reserved-ips/{id}/detach", f"reserved-ips/{id}/attach",
    ]  # fmt: skip


def test_block_moves_between_instances(engine: Engine, api: Vultr) -> None:
    wanted = {"region": "ewr", "sizeGb": 10, "label": "data", "attachedToInstance": "i1", "live": True}
    id, state, inputs = made(engine, BLOCK, wanted)
    assert state["attachedToInstance"] == "i1" and state["mountId"] == "ewr-1" and state["live"] is True
    assert changes(engine, BLOCK, inputs, wanted, state) == ({}, [])
    assert changes(engine, BLOCK, inputs, {**wanted, "sizeGb": 20, "live": False}, state) == (
        {"live": "UPDATE", "sizeGb": "UPDATE"}, [],
    )  # fmt: skip
    state = engine.update(BLOCK, id, state, {**inputs, "attachedToInstance": "i2"})
    assert state["attachedToInstance"] == "i2" and api.sent("POST", f"blocks/{id}/detach") == [{"live": True}]
    api.things[f"blocks/{id}"]["attached_to_instance"] = ""
    _, state, inputs = engine.read(BLOCK, id, state, inputs)
    assert changes(engine, BLOCK, inputs, {**wanted, "attachedToInstance": "i2"}, state)[0].keys() == {
        "attachedToInstance"
    }


def test_lookups_take_all_pages_and_want_one(engine: Engine) -> None:
    for label in ("a", "b", "b", "data"):
        made(engine, BLOCK, {"region": "ewr", "sizeGb": 10, "label": label})

    def look(label: str) -> dict[str, Any]:
        return engine.invoke(GET_BLOCK, {"filters": [{"name": "label", "values": [label]}]})

    assert look("data")["mountId"] == "ewr-1" and look("data")["sizeGb"] == 10
    with pytest.raises(grpc.RpcError, match="no results were found"):
        look("c")
    with pytest.raises(grpc.RpcError, match="your search returned too many results"):
        look("b")


def test_import_reads_all_inputs(engine: Engine) -> None:
    id, _, _ = made(engine, INSTANCE, HOST)
    _, state, inputs = engine.read(INSTANCE, id, {}, {})
    assert inputs["plan"] == HOST["plan"] and inputs["osId"] == 2136 and "mainIp" not in inputs
    assert "appId" not in inputs
    assert changes(
        engine, INSTANCE, inputs, {k: v for k, v in HOST.items() if k not in ("sshKeyIds", "label")}, state
    ) == (
        {},
        [],
    )


def test_a_volume_that_is_attached_elsewhere_is_detached_by_a_program_that_does_not_say_so(
    engine: Engine, api: Vultr
) -> None:
    """Recorded: 02-preview-unpatched, data-block."""
    wanted = {"region": "ewr", "sizeGb": 10}
    id, state, inputs = made(engine, BLOCK, wanted)
    api.things[f"blocks/{id}"]["attached_to_instance"] = "i1"
    _, state, inputs = engine.read(BLOCK, id, state, inputs)
    assert state["attachedToInstance"] == "i1" and "attachedToInstance" not in inputs
    assert changes(engine, BLOCK, inputs, wanted, state) == ({"attachedToInstance": "DELETE"}, [])
    engine.update(BLOCK, id, state, inputs)
    assert api.sent("POST", f"blocks/{id}/detach") == [{"live": False}]
