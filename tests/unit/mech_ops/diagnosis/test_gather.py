"""One look: everything is asked at once, who is silent is said, and no secret stays in what was seen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mech_infra.facts.clouds import asking, cloudflare, ranges, vultr
from mech_infra.facts.host import trip
from mech_infra.facts.model import Unreachable
from mech_ops import pulumi
from mech_ops.diagnosis import bundle, declared, gather
from mech_ops.diagnosis import fleet as fleet_facts
from mech_ops.errors import OpsError
from mech_ops.hosts import Host
from mech_ops.status import Health

from ..everyday import stand

_MARK = "4dabf18193072939515e22adb298388d"
KEY = "sk-proj-0123456789abcdefghij"


def hidden(value: Any) -> dict[str, Any]:
    """As `pulumi stack export --show-secrets` has it."""
    return {_MARK: "1b47061264138c4ac30d75fd1eb44270", "plaintext": json.dumps(value)}


def sealed(value: Any) -> Any:
    """As `pulumi stack export` has the same without `--show-secrets`."""
    if isinstance(value, dict):
        if _MARK in value:
            return {_MARK: value[_MARK], "ciphertext": "v1:AAAA"}
        return {key: sealed(part) for key, part in value.items()}
    return [sealed(part) for part in value] if isinstance(value, list) else value


def resource(type_: str, id_: str = "", **inputs: Any) -> dict[str, Any]:
    return {"type": type_, "urn": f"urn:pulumi:s::p::{type_}::n", "id": id_, "inputs": inputs, "outputs": {}}


ACCESS = {"host": "192.0.2.1", "host_key": "ssh-ed25519 AAAA", "identity": "~/.ssh/key"}
CHECK = {"kind": "kernel", "name": "net.ipv4.ip_forward", "value": "1", "good": "1"}
STATE = [
    {
        "type": "pulumi:pulumi:Stack", "urn": "urn:pulumi:s::p::pulumi:pulumi:Stack::n", "inputs": {},
        "outputs": {"host_ip": "192.0.2.1", "service_urls": {"llm": "https://llm.mech.is"}},
    },
    resource("pulumi-python:dynamic/mech:HostState", title="host", access=ACCESS,
             checks=hidden({"net.ipv4.ip_forward": CHECK}), watches=[]),
    resource("pulumi-python:dynamic/mech:CloudWatch", title="zone", access={"zone": "z"}, checks={}, watches=[]),
    resource("docker:index/container:Container", name="mech-llms-1", memory=1024, cpus="1.0", envs=hidden([f"OPENAI_API_KEY={KEY}"]),
             labels=[{"label": "mech.service", "value": "llm"}, {"label": "mech.replica", "value": "1"}]),
    resource("cloudflare:index/zoneSetting:ZoneSetting", settingId="ssl", value="flexible"),
    resource("cloudflare:index/dnsRecord:DnsRecord", name="llm.mech.is", content="192.0.2.1", proxied=True),
    resource("vultr:index/instance:Instance", "i"),
    resource("vultr:index/reservedIp:ReservedIp", "r"),
    resource("vultr:index/blockStorage:BlockStorage", "b"),
    resource("vultr:index/firewallGroup:FirewallGroup", "g"),
    resource("vultr:index/firewallRule:FirewallRule", "f", port="80", subnet="0.0.0.0", subnetSize=0),
]  # fmt: skip
FACTS = {"kernel": {"net.ipv4.ip_forward": "0"}, "inspected": {"mech-llms": {"said": [f"refused {KEY}"]}}}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Everybody answers; what the host was asked for is noted."""
    about: dict[str, Any] = {"facts": FACTS}

    def facts(access: dict[str, str], asked: Any = None, fresh_s: float = 30) -> Any:
        assert fresh_s == 0, "who watches must not see what was there before"
        about["asked"] = asked
        if isinstance(about["facts"], Exception):
            raise about["facts"]
        return about["facts"]

    async def ask_until(urls: dict[str, str], limit_s: Any, *_: Any, **__: Any) -> list[Health]:
        return [Health(name, url, 200, "ok") for name, url in urls.items()]

    monkeypatch.setattr(pulumi, "run", lambda argv, text=None: json.dumps({"deployment": {"resources": STATE}}))
    monkeypatch.setattr(trip, "facts", facts)
    monkeypatch.setattr(cloudflare, "zone_facts", lambda access: {"records": [], "zone": access["zone"]})
    monkeypatch.setattr(vultr, "attachments", lambda ids: {"instance": {"id": ids["instance"]}})
    monkeypatch.setattr(vultr, "facts", lambda access: {"rules": []})
    monkeypatch.setattr("mech_ops.status.ask_until", ask_until)
    return about


def test_somebody_may_want_to_know_more(world: dict[str, Any]) -> None:
    names = {"more": lambda wanted: {"services": list(wanted["services"])}}
    seen = gather.look("s", nobody, more=gather.More(("updates",), names))
    assert world["asked"]["updates"] == {} and seen.facts["more"] == {"services": ["llm"]}
    gather.look("s", nobody)
    assert "updates" not in world["asked"]


def nobody(source: str, seconds: float, silent: str) -> None: ...


def test_everything_is_asked_and_judged_by_what_the_state_declares(world: dict[str, Any]) -> None:
    seen = gather.look("s", nobody)
    assert set(seen.facts) == {"edge", "host", "zone", "vultr"} and not seen.silent
    assert seen.drift == [
        {
            "kind": "kernel",
            "label": "net.ipv4.ip_forward",
            "there": "0",
            "declared": "1",
            "about": {"name": "net.ipv4.ip_forward"},
        }
    ]
    assert seen.declared["services"]["llm"] == {
        "url": "https://llm.mech.is", "containers": ["mech-llms"], "datastores": ["mongodb"], "calls": [],
        "secrets": ["OPENAI_API_KEY", "ANTHROPIC_API_KEY"],
    }  # fmt: skip
    assert seen.declared["containers"]["mech-llms"]["memory"] == 1024 << 20
    assert seen.declared["ids"] == {"instance": "i", "reserved_ip": "r", "volume": "b", "firewall_group": "g"}
    assert world["asked"]["answers"]["sites"]["llm"] == {
        "host": "llm.mech.is",
        "scheme": "http",
        "containers": ["mech-llms"],
    }
    assert world["asked"]["paths"]["wanted"] == {"mech-llms": [["mongodb", 27017]]}


def test_where_the_edge_comes_from_is_asked_where_nobody_else_is_let_in(
    world: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    check = ranges.NotLetIn()
    sensor = resource("pulumi-python:dynamic/mech:HostState", title="ranges", access={"ranges": ["192.0.2.0/24"]},
                      checks={check.label: check.wire}, watches=[])  # fmt: skip
    monkeypatch.setattr(
        pulumi, "run", lambda argv, text=None: json.dumps({"deployment": {"resources": [*STATE, sensor]}})
    )
    monkeypatch.setattr(asking, "public", lambda path: {"ipv4_cidrs": ["192.0.2.0/24", "198.51.100.0/24"]})
    seen = gather.look("s", nobody)
    assert [(one["kind"], one["there"]) for one in seen.drift][1:] == [("edge-ranges-new", "198.51.100.0/24")]
    monkeypatch.setattr(asking, "public", lambda path: {"ipv4_cidrs": []})
    assert gather.look("s", nobody).silent == {"ranges": "the list is refused: it is empty"}


def test_the_edge_is_not_waited_for_where_the_host_knows_already_that_nobody_answers() -> None:
    worth = gather.Worth()
    assert worth(["llm"]) == gather.EDGE_S
    worth.inside = {"llm": {"nginx": {"code": 0, "error": "timed out"}}, "search": {"nginx": {"code": 200}}}
    assert worth(["llm"]) == 0
    # What nginx gets and the edge does not is the edge's to say.
    assert worth(["llm", "search"]) == worth(["reader"]) == gather.HOST_ANSWERED_EDGE_S


def test_no_secret_stays_in_what_was_seen(world: dict[str, Any], tmp_path: Path) -> None:
    seen = gather.look("s", nobody)
    seen.write(tmp_path / "seen.json")
    assert KEY not in (tmp_path / "seen.json").read_text()
    assert seen.facts["host"]["inspected"]["mech-llms"]["said"] == ["refused [secret]"]
    assert bundle.read(tmp_path / "seen.json") == seen


def test_what_a_sensor_declares_is_no_secret_text() -> None:
    assert declared.secrets(STATE) == [KEY], "net.ipv4.ip_forward may be said"


@pytest.mark.parametrize("password", ["hunter2-hunter2", "a%40b%2Fc-long"])
def test_the_password_of_a_url_is_one(password: str) -> None:
    state = [resource("x", envs=hidden([f"MONGODB_URI=mongodb://mech:{password}@mongodb:27017/mech"]))]
    assert password in declared.secrets(state)
    assert all("mongodb:27017" not in text for text in declared.secrets(state))


def test_the_value_of_a_secret_variable_is_one_whatever_its_name() -> None:
    state = [
        resource("x", envs=["LIMIT=500000", hidden("WEBHOOK=hush-hush-1"), hidden("REDIS_URL=redis://redis:6379")])
    ]
    assert "hush-hush-1" in declared.secrets(state)
    assert not {"500000", "redis://redis:6379"} & set(declared.secrets(state))


def test_a_silent_host_is_said_and_the_others_are_looked_at(world: dict[str, Any]) -> None:
    world["facts"] = Unreachable("Connection timed out")
    heard: dict[str, str] = {}
    seen = gather.look("s", lambda source, _, silent: heard.update({source: silent}))
    assert seen.silent == {"host": "Connection timed out"} and set(seen.facts) == {"edge", "zone", "vultr"}
    assert heard == {"host": "Connection timed out", "edge": "", "zone": "", "vultr": ""}
    assert seen.drift == []


def test_a_stack_that_is_not_up_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi, "run", lambda argv, text=None: json.dumps({"deployment": {}}))
    with pytest.raises(OpsError, match="bring it up first"):
        gather.look("s", nobody)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"form": 1}', '{"form": 9, "taken": "", "declared": {}}'])
def test_what_is_no_bundle_is_one_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(OpsError, match="bundle"):
        bundle.read(tmp_path / "x.json")


def fleet(world: dict[str, Any], monkeypatch: pytest.MonkeyPatch, **said: Any) -> bundle.Bundle:
    """A look at three hosts; `said` has by address what one of them says in place of what is well."""
    kept = [r for r in STATE if not r["type"].startswith(("docker:", "vultr:index/instance", "vultr:index/reservedIp"))]
    resources = [*kept[:1], *kept[2:], *stand.fleet()[1:]]
    monkeypatch.setattr(pulumi, "run", lambda argv, text=None: json.dumps({"deployment": {"resources": resources}}))
    monkeypatch.setattr(vultr, "attachments", lambda ids: {"instance": {"id": ids["instance"]}})
    world["asked_of"] = []

    def facts(access: dict[str, str], asked: Any = None, fresh_s: float = 30) -> Any:
        world["asked_of"].append((access["host"], asked))
        found = said.get(access["host"].rpartition(".")[2], {})
        if isinstance(found, Exception):
            raise found
        about = {"state": "active", "manager": access["host"].endswith(".9")}
        return {
            "answers": {},
            "membership": about,
            "swarm": {"nodes": [], "services": [], **about},
            "jobs": None,
            **found,
        }

    monkeypatch.setattr(trip, "facts", facts)
    return gather.look("s", nobody)


def test_each_host_of_a_fleet_is_asked_once_and_has_its_own_part(
    world: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = {"pending": 1, "active": 0}
    seen = fleet(
        world, monkeypatch, **{"10": {"jobs": jobs, "kernel": {"x": "1"}}, "11": Unreachable("Connection timed out")}
    )
    assert sorted(host for host, _ in world["asked_of"]) == ["192.0.2.10", "192.0.2.11", "192.0.2.9"]
    asked = world["asked_of"][0][1]
    assert asked["answers"]["sites"]["llm"]["containers"] == [] and asked["paths"]["wanted"] == {}
    assert asked["paths"]["tasks"]["llm"] == [["mongodb", 27017]] and asked["membership"] == {}
    assert seen.facts["host"]["jobs"] == jobs, "only where the queue's task is somebody can say it"
    assert {name: part["silent"] for name, part in seen.members.items()} == {
        "mech-w1": {}, "mech-w2": {"host": "Connection timed out"},
    }  # fmt: skip
    assert seen.silent == {} and seen.seconds.keys() >= {"host", "host mech-w1", "host mech-w2"}
    assert seen.members["mech-w1"]["facts"]["vultr"] == {"attachments": {"instance": {"id": "i1"}}}
    assert {name: one["ids"]["instance"] for name, one in seen.declared["hosts"].items()} == {
        "mech": "i0", "mech-w1": "i1", "mech-w2": "i2",
    }  # fmt: skip
    assert seen.declared["hosts"]["mech-w2"]["drained"] and seen.declared["tasks"] == {"mech-llms": 2, "mech-queue": 1}
    assert seen.facts["swarm"]["membership"].keys() == {"mech", "mech-w1"}


def test_where_no_manager_answers_the_swarm_is_silent(world: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    seen = fleet(world, monkeypatch, **{"9": Unreachable("Connection refused")})
    assert seen.silent == {"host": "Connection refused", "swarm": "none of its managers can be asked"}


def test_the_edge_is_waited_for_as_long_as_one_host_may_answer() -> None:
    nothing = {"answers": {"llm": {"nginx": {"code": 0}}}}
    seen = bundle.Bundle("", {}, {"host": nothing})
    hosts = [Host(name, mark, "", access={"host": "x"}) for name, mark in (("mech", ""), ("mech-w1", "w1"))]
    assert fleet_facts.inside(seen, hosts) is None
    seen.facts["host mech-w1"] = {"answers": {"llm": {"nginx": {"code": 200}}}}
    assert (fleet_facts.inside(seen, hosts) or {})["llm"]["nginx"]["code"] == 200
    seen.facts["host mech-w1"] = nothing
    assert gather.Worth(fleet_facts.inside(seen, hosts))(["llm"]) == 0


def test_a_service_that_a_refresh_forgot_is_the_swarms_all_the_same() -> None:
    kept = [r for r in stand.fleet() if not r["urn"].endswith("::mech-llms")]
    found = declared.declared(kept)
    assert found["tasks"] == {"mech-llms": 1, "mech-queue": 1} and found["services"]["llm"]["containers"] == []
