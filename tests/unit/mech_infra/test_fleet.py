"""A fleet under mocks: what it declares beside one host, and that one host declares nothing of it."""

from __future__ import annotations

import base64
import re
from typing import Any

import pulumi
import pytest
from pulumi.runtime.mocks import MockMonitor

from mech_infra.catalogue import SERVICES
from mech_infra.components.tasks import words

from .conftest import SECRETS, Declare, Recorder

FLEET: dict[str, Any] = {"fleet": {"workers": 2}}
PROXIES = ("proxy", "proxy-w1", "proxy-w2")


@pytest.fixture(autouse=True)
def addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each host has its own."""
    made = Recorder.new_resource
    given = {"host": "3", "host-w1": "4", "host-w2": "5", "host-m2": "6", "host-m3": "7"}

    def own(self: Recorder, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        id_, outputs = made(self, args)
        whose = args.name.removesuffix("-instance").removesuffix("-address")
        if args.typ.endswith(":Instance"):
            outputs = {**outputs, "internalIp": f"10.96.0.{given[whose]}"}
        if args.typ.endswith(":ReservedIp"):
            outputs = {**outputs, "subnet": f"203.0.113.{given[whose]}"}
        return id_, outputs

    monkeypatch.setattr(Recorder, "new_resource", own)


def waits(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[str]]:
    """By resource, those that it waits for, also by way of others; filled while a program is declared."""
    direct: dict[str, set[str]] = {}
    register = MockMonitor.RegisterResource

    def noted(self: MockMonitor, request: Any) -> Any:
        direct[request.name] = {urn.rpartition("::")[2] for urn in request.dependencies}
        return register(self, request)

    monkeypatch.setattr(MockMonitor, "RegisterResource", noted)
    return direct


def before(direct: dict[str, set[str]], name: str) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for other in direct.get(waiting.pop(), set()) - found:
            found.add(other)
            waiting.append(other)
    return found


def nginx_conf(recorder: Recorder, proxy: str) -> str:
    given = recorder.of("Command")[f"{proxy}-nginx"]["stdin"].splitlines()
    lines = dict(line.split() for line in given if line.startswith("/etc/"))
    return base64.b64decode(lines["/etc/nginx/conf.d/mech.conf"]).decode()


def a_fleet(*hosts: str) -> dict[str, Any]:
    """State of a stack that is one."""
    prefix = "urn:pulumi:unit::mech::"
    found = {
        f"{prefix}docker:index/service:Service::tasks-llm": {"type": "docker:index/service:Service", "outputs": {}}
    }
    for host in hosts:
        about = {"type": "vultr:index/instance:Instance", "outputs": {"vpcIds": ["x"]}}
        found[f"{prefix}vultr:index/instance:Instance::{host}-instance"] = about
    return found


def alone() -> dict[str, Any]:
    """State of one host's services."""
    container = "docker:index/container:Container"
    found = f"urn:pulumi:unit::mech::mech:platform:Services$mech:platform:Service${container}::services-llm-1"
    return {found: {"type": container, "outputs": {}}}


def test_one_host_has_nothing_of_a_fleet(declare: Declare) -> None:
    recorder = declare()
    assert not [recorder.of(kind) for kind in ("Vpc", "index/service:Service", "Secret") if recorder.of(kind)]
    assert not [
        name for name in recorder.resources if "swarm" in name or "draining" in name or re.search(r"-[mw]\d", name)
    ]
    assert "vpcIds" not in recorder.of("Instance")["host-instance"]


def test_a_host_alone_may_have_the_network_from_its_first_day(declare: Declare) -> None:
    recorder = declare({"fleet": {"network": True}})
    assert recorder.of("Instance")["host-instance"]["vpcIds"] == ["private-vpc-id"]
    assert not recorder.of("index/service:Service")


def test_each_member_has_an_address_and_shares_the_rest(declare: Declare) -> None:
    recorder = declare({"fleet": {"workers": 2, "managers": 3, "workerPlan": "vc2-2c-8gb"}})
    hosts = recorder.of("Instance")
    assert {name: (h["hostname"], h["plan"]) for name, h in hosts.items()} == {
        "host-instance": ("mech", "vc2-4c-8gb"), "host-m2-instance": ("mech-m2", "vc2-4c-8gb"),
        "host-m3-instance": ("mech-m3", "vc2-4c-8gb"), "host-w1-instance": ("mech-w1", "vc2-2c-8gb"),
        "host-w2-instance": ("mech-w2", "vc2-2c-8gb"),
    }  # fmt: skip
    shared = {(h["firewallGroupId"], h["scriptId"], *h["sshKeyIds"], *h["vpcIds"]) for h in hosts.values()}
    assert shared == {("host-firewall-id", "host-startup-id", "host-key-id", "private-vpc-id")}
    assert len({h["reservedIpId"] for h in hosts.values()}) == 5


def test_every_host_and_service_has_a_record_but_the_drained(declare: Declare) -> None:
    recorder = declare({"fleet": {"workers": 2, "drained": ["mech-w1"]}})
    llm = {name: r["content"] for name, r in recorder.of("DnsRecord").items() if r["name"] == "llm.mech.is"}
    assert llm == {"edge-llm": "203.0.113.3", "edge-llm-w2": "203.0.113.5"}
    assert "mech-w1=worker=drain" in recorder.of("Command")["swarm-vacate"]["create"]


def test_between_members_only_the_private_network_comes_in(declare: Declare) -> None:
    recorder = declare(FLEET)
    commands = recorder.of("Command")
    for name in ("swarm-rules", "swarm-rules-w1"):
        rules = re.findall(r"^ufw (allow .*) comment", commands[name]["create"], re.M)
        assert all(rule.startswith("allow from 10.96.0.0/20 to any port ") for rule in rules)
        assert {rule[-14:] for rule in rules} >= {
            "2377 proto tcp",
            "7946 proto tcp",
            "7946 proto udp",
            "4789 proto udp",
        }
        assert " -p esp " in commands[name]["create"]
    assert (
        " -p esp " not in declare({"fleet": {"workers": 2, "encrypted": False}}).of("Command")["swarm-rules"]["create"]
    )
    outer = {rule["port"] for rule in recorder.of("FirewallRule").values()}
    assert outer == {"22", "80", "443", "3001:3010"}


def test_the_first_hosts_own_resources_are_the_same_in_a_fleet(declare: Declare) -> None:
    """So that nothing of them runs again on the way there and back."""
    alone, fleet = declare(), declare(FLEET)
    for kind in ("Command", "Container", "index/network:Network", "RemoteImage"):
        one, other = alone.of(kind), fleet.of(kind)
        for name in one.keys() & other.keys() - {"proxy-nginx", "network-names"}:
            assert {k: v for k, v in one[name].items() if k != "stdin"} == {
                k: v for k, v in other[name].items() if k != "stdin"
            }, name
    kept = {"firewall-apply", "network-join", "data-mount", "host-converge", "certificates-self-signed"}
    assert kept <= alone.of("Command").keys() & fleet.of("Command").keys()


def test_a_service_has_limits_health_and_a_way_back(declare: Declare) -> None:
    services = declare({**FLEET, "services": {"llm": {"replicas": 3}}}).of("index/service:Service")
    assert len(services) == 8
    for name, service in services.items():
        spec = service["taskSpec"]
        memory = spec["resources"]["limits"]["memoryBytes"]
        assert memory == spec["resources"]["reservation"]["memoryBytes"] >= 512 << 20
        assert spec["containerSpec"]["healthcheck"]["tests"] and spec["containerSpec"]["stopGracePeriod"] == "40s"
        assert spec["containerSpec"]["image"].endswith("@sha256:feed")
        assert service["endpointSpec"]["mode"] == "dnsrr"
        assert {(p["publishMode"], 12001 <= p["publishedPort"] <= 12010) for p in service["endpointSpec"]["ports"]} == {
            ("host", True)
        }
        assert service["updateConfig"]["failureAction"] == "rollback"
        # Three tasks on three members: no port is free for a fourth.
        assert service["updateConfig"]["order"] == ("stop-first" if name == "tasks-llm" else "start-first")
    assert services["tasks-llm"]["mode"]["replicated"]["replicas"] == 3
    calls = services["tasks-sequences"]["taskSpec"]["containerSpec"]
    assert calls["env"]["QUEUE_URL"] == "http://queue.mech.internal"
    assert calls["hosts"] == [{"host": "queue.mech.internal", "ip": "172.31.250.1"}]


def test_secrets_are_files_named_by_their_content(declare: Declare) -> None:
    recorder = declare(FLEET)
    one = recorder.of("Secret")
    texts = {name: base64.b64decode(secret["data"]).decode() for name, secret in one.items()}
    assert {name.rpartition("-")[0] for name, text in texts.items() if SECRETS["OPENAI_API_KEY"] in text} == {
        "tasks-llm"
    }
    for service in recorder.of("index/service:Service").values():
        assert not any(value in str(service) for value in SECRETS.values())
    others = declare(FLEET, {"OPENAI_API_KEY": "sk-proj-other0000000000000000000"}).of("Secret")
    assert {name.rpartition("-")[0] for name in others.keys() - one.keys()} == {"tasks-llm"}


def test_no_token_stands_in_a_command_line(declare: Declare) -> None:
    """The mocks answer every command with the same words."""
    recorder = declare(FLEET)
    for name, command in recorder.of("Command").items():
        assert "--token" not in command["create"], name
    join = recorder.resources["swarm-join-w1"].inputs
    assert "4dabf18193072939515e22adb298388d" in join["stdin"]


def test_nginx_on_each_host_asks_all_members(declare: Declare) -> None:
    recorder = declare(FLEET)
    for proxy in PROXIES:
        conf = nginx_conf(recorder, proxy)
        for address in ("10.96.0.3", "10.96.0.4", "10.96.0.5"):
            assert f"server {address}:12008 max_fails=0;" in conf
        assert "mech_slot" not in conf and "proxy_pass http://mech_llm;" in conf


@pytest.mark.parametrize(
    "state",
    [{}, a_fleet("host", "host-w1"), a_fleet("host", "host-m2", "host-m3", "host-w1")],
    ids=["nothing", "more", "others"],
)
def test_nginx_asks_every_member_before_a_task_moves_and_those_declared_alone_when_all_are_well(
    declare: Declare, monkeypatch: pytest.MonkeyPatch, state: dict[str, Any]
) -> None:
    direct = waits(monkeypatch)
    recorder = declare(FLEET, state=state)
    commands = recorder.of("Command")
    for proxy in PROXIES:
        assert f"{proxy}-nginx" in before(direct, "tasks-llm") and "swarm-nodes" in before(direct, f"{proxy}-nginx")
        # The mocks answer every command with the same words, also the one that says the nodes' addresses.
        assert commands[f"{proxy}-nginx"]["stdin"].startswith("ssh-ed25519 AAAAhostkey\n/etc/")
        assert {"tasks-llm", "tasks-reader", "swarm-databases", "swarm-vacate"} <= before(direct, f"{proxy}-settled")
        assert f"{proxy}-settled" in before(direct, "edge-llm-w1")


@pytest.mark.parametrize("begun", [{}, a_fleet("host", "host-w1")], ids=["first", "again"])
def test_into_a_fleet_nginx_follows_when_the_tasks_are_well(
    declare: Declare, monkeypatch: pytest.MonkeyPatch, begun: dict[str, Any]
) -> None:
    """Also where an `up` before it stopped half-way: as long as containers of the first host's serve."""
    direct = waits(monkeypatch)
    declare(FLEET, state=begun | alone())
    assert {"tasks-llm", "tasks-reader", "swarm-databases"} <= before(direct, "proxy-nginx")
    assert "proxy-nginx" not in before(direct, "tasks-llm") and "proxy-w1-nginx" in before(direct, "tasks-llm")
    assert {"proxy-w1-nginx", "proxy-nginx"} <= before(direct, "edge-llm-w1")


def test_what_nginx_took_is_answered_before_who_answers_it_goes(
    declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine takes away in the other order: a host's records, the waits, then tasks and hosts."""
    direct = waits(monkeypatch)
    recorder = declare({**FLEET, "rollout": {"drainS": 70}}, state=alone())
    proxies = {f"{proxy}-settled" for proxy in PROXIES}
    # Containers of one host go at the very end of an `up`, so that all it has to do is to be there.
    assert proxies <= before(direct, "draining-entered") and "draining-entered" not in before(direct, "edge-llm-w1")
    commands = recorder.of("Command")
    assert commands["draining-entered"]["create"].startswith("set -- 70 no\n")
    for mark, leaves in (("", "no"), ("-w1", "yes"), ("-w2", "yes")):
        left = f"draining-left{mark}"
        assert left in before(direct, "edge-llm-w1") and left in before(direct, "edge-queue-w2")
        # The same depth for all of them: the engine goes by that, and they wait side by side.
        assert direct[left] >= proxies | {f"tasks-{name}" for name in SERVICES}
        assert "draining" not in "".join(direct[left])
        assert f"set -- 70 {leaves}\n" in commands[left]["delete"] and commands[left]["create"] == ":"


def test_out_of_a_fleet_nginx_follows_when_the_containers_are_well(
    declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    direct = waits(monkeypatch)
    declare(state=a_fleet("host", "host-w1"))
    assert "services-llm-switch" in before(direct, "proxy-nginx")
    assert "proxy-nginx" not in before(direct, "services-llm-switch")


def test_what_an_image_runs_is_read_off_what_the_host_says() -> None:
    said = '["a/b:1", null, ["mech-service"]]\n["c:2", ["node"], ["index.js"]]\n'
    assert words(said, "a/b:1") == ["mech-service"] and words(said, "c:2") == ["node", "index.js"]
    assert words(said, "other") == words("", "a/b:1") == []


def test_managers_join_one_after_another_and_workers_at_once(declare: Declare, monkeypatch: pytest.MonkeyPatch) -> None:
    direct = waits(monkeypatch)
    declare({"fleet": {"workers": 2, "managers": 3}})
    joins = {f"swarm-join-{mark}" for mark in ("m2", "m3", "w1", "w2")}
    assert {name: before(direct, name) & joins for name in joins} == {
        "swarm-join-m2": set(), "swarm-join-m3": {"swarm-join-m2"}, "swarm-join-w1": set(), "swarm-join-w2": set(),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("there", "told"),
    [
        (("host", "host-m2", "host-w1", "host-w2"), []),
        (("host", "host-w1"), []),
        (("host", "host-m2", "host-w1"), ["mech-w2 come while mech-m2 go"]),
    ],
    ids=["fewer", "more", "both"],
)
def test_hosts_that_come_while_others_go_are_a_word_in_the_plan(
    declare: Declare, monkeypatch: pytest.MonkeyPatch, there: tuple[str, ...], told: list[str]
) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, *_about, **_more: said.append(text))
    declare(FLEET, state=a_fleet(*there))
    assert [text.partition(":")[0] for text in said if " come while " in text] == told
