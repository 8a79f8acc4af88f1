"""`mech recover` and the host: a halted one is started, what died with a lost one is forgotten, a healthy one is let be."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from mech_ops import host_state, recovery
from mech_ops.errors import OpsError

from .everyday import stand


def state() -> dict[str, Any]:
    return {"deployment": {"resources": [
        {"urn": "i", "type": "vultr:index/instance:Instance", "id": "abc", "outputs": {}},
        {"urn": "a", "type": "vultr:index/reservedIp:ReservedIp", "id": "r", "outputs": {"subnet": "192.0.2.9"}},
        {"urn": "n", "type": "docker:index/network:Network", "id": "n"},
        {"urn": "c", "type": "docker:index/container:Container", "id": "c", "dependencies": ["n", "i"]},
        {"urn": "x", "type": "command:remote:Command", "id": "x", "dependencies": ["n", "i"],
         "propertyDependencies": {"triggers": ["n", "i"], "create": None}},
    ]}}  # fmt: skip


class Vultr:
    def __init__(self, power: str | None, code: int = 200) -> None:
        self.power, self.code, self.at, self.calls = power, code, "abc", []  # type: ignore[var-annotated]
        self.client = httpx.Client(base_url="http://vultr", transport=httpx.MockTransport(self.answer))

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(f"{request.method} {request.url.path}")
        if self.power is None:
            return httpx.Response(404, json={"error": "invalid instance ID", "status": 404})
        if request.method == "POST":
            return httpx.Response(204)
        if request.url.path == "/reserved-ips/r":
            return httpx.Response(200, json={"reserved_ip": {"instance_id": self.at}})
        return httpx.Response(self.code, json={"instance": {"power_status": self.power, "main_ip": "192.0.2.9"}})


@pytest.fixture
def up(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said: list[str] = []
    monkeypatch.setattr(host_state, "answers", lambda address, wait: bool(said.append(address)) or True)
    monkeypatch.setattr(recovery, "mend", lambda *about: [])
    return said


def test_a_host_that_runs_is_let_be(up: list[str]) -> None:
    before = state()
    assert host_state.recover(before, Vultr("running").client, False) == (before, [])


def test_a_halted_host_is_started_and_waited_for(up: list[str]) -> None:
    vultr = Vultr("stopped")
    _, done = host_state.recover(state(), vultr.client, False)
    assert vultr.calls[-1] == "POST /instances/abc/start"
    assert up == ["192.0.2.9"]
    assert done == [("host 192.0.2.9 was stopped", "started; SSH answers")]


def test_what_died_with_a_lost_host_is_forgotten_with_every_word_of_it(up: list[str]) -> None:
    after, done = host_state.recover(state(), Vultr(None).client, False)
    left = {resource["urn"]: resource for resource in after["deployment"]["resources"]}
    assert set(left) == {"i", "a", "x"}
    assert left["x"]["dependencies"] == ["i"]
    assert left["x"]["propertyDependencies"] == {"triggers": ["i"], "create": []}
    assert "2 resources" in done[0][0]


def swarm(managers: int = 1, kept: bool = True) -> dict[str, Any]:
    """The same with two more hosts, and what the swarm has of its own."""
    found = state()
    resources = found["deployment"]["resources"]
    members = {
        f"member {name}": {"kind": "swarm-member", "name": name, "role": role, "availability": "active"}
        for name, role in (("mech", "manager"), ("mech-w1", "manager" if managers > 1 else "worker"))
    }
    for one in resources:
        one["inputs"] = {"driver": "bridge"}
    resources += [
        {"urn": "i2::host-w1-instance", "type": "vultr:index/instance:Instance", "id": "w", "inputs": {"label": "mech-w1"}, "outputs": {}},
        {"urn": "s", "type": "pulumi-python:dynamic/mech:HostState", "id": "s", "outputs": {},
         "inputs": {"access": {"host": "192.0.2.9"}, "checks": members, "watches": [], "title": "swarm"}},
        *([{"urn": "u::swarm-kept", "type": "command:local:Command", "id": "k", "inputs": {}}] if kept else []),
        {"urn": "o", "type": "docker:index/network:Network", "id": "o", "inputs": {"driver": "overlay"}},
        {"urn": "e", "type": "docker:index/secret:Secret", "id": "e", "inputs": {}},
        {"urn": "v", "type": "docker:index/service:Service", "id": "v", "inputs": {}, "dependencies": ["e", "o", "i"]},
    ]  # fmt: skip
    return found


def left(after: dict[str, Any]) -> set[str]:
    return {resource["urn"] for resource in after["deployment"]["resources"]}


def test_what_is_the_swarms_is_on_the_volume_and_stays_known(up: list[str]) -> None:
    gone = Vultr(None).client
    after, done = host_state.recover(swarm(), gone, False)
    assert left(swarm()) - left(after) == {"i", "n", "c"}
    assert "pulumi up --refresh=false" in done[0][1] and host_state.to_come(after)
    # A second time, before anybody ran it: what to do is said again, and nothing is taken away.
    again, said = host_state.recover(after, gone, False)
    assert again is after and "pulumi up --refresh=false" in said[0][1]


@pytest.mark.parametrize(("managers", "kept"), [(3, True), (1, False)])
def test_of_a_swarm_that_went_on_without_it_or_was_not_kept_all_is_forgotten(
    up: list[str], managers: int, kept: bool
) -> None:
    before = swarm(managers, kept)
    after, done = host_state.recover(before, Vultr(None).client, False)
    assert left(before) - left(after) == {"n", "c", "o", "e", "v"}
    assert "--refresh" not in done[0][1] and not host_state.to_come(after)


def test_a_dry_run_does_nothing(up: list[str]) -> None:
    for power in ("stopped", None):
        vultr, before = Vultr(power), state()
        after, done = host_state.recover(before, vultr.client, True)
        assert after is before
        assert "would be" in done[0][1]
        assert not [call for call in vultr.calls if call.startswith("POST")]


def test_a_wrong_key_is_said(up: list[str]) -> None:
    with pytest.raises(OpsError, match="VULTR_API_KEY"):
        host_state.recover(state(), Vultr("running", 401).client, False)


def test_what_broke_on_a_host_is_mended_also_after_it_was_started(
    up: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "mend", lambda *about: [("Docker did not run", "started")])
    assert [what for what, _ in host_state.recover(state(), Vultr("running").client, False)[1]] == [
        "Docker did not run"
    ]
    assert [what for what, _ in host_state.recover(state(), Vultr("stopped").client, False)[1]] == [
        "host 192.0.2.9 was stopped",
        "Docker did not run",
    ]


def test_a_host_that_runs_and_does_not_answer_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_state, "answers", lambda address, wait: False)
    _, done = host_state.recover(state(), Vultr("running").client, False)
    assert "mech:host.sshFrom" in done[0][1]
    with pytest.raises(OpsError, match="console"):
        host_state.recover(state(), Vultr("stopped").client, False)


def test_it_is_rebooted_only_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([False, True])
    monkeypatch.setattr(host_state, "answers", lambda address, wait: next(answers))
    monkeypatch.setattr(host_state, "_GOES_DOWN_S", 0)
    monkeypatch.setattr(recovery, "mend", lambda *about: [])
    vultr = Vultr("running")
    _, done = host_state.recover(state(), vultr.client, False, reboot=True)
    assert vultr.calls[-1] == "POST /instances/abc/reboot"
    assert done[0][1] == "rebooted; SSH answers"


def test_an_address_that_was_detached_is_given_back_before_anybody_asks_for_ssh(up: list[str]) -> None:
    vultr = Vultr("running")
    vultr.at = ""
    _, done = host_state.recover(state(), vultr.client, True)
    assert done == [("the address 192.0.2.9 was detached from the instance", "would be attached")]
    assert not [call for call in vultr.calls if call.startswith("POST")]
    _, done = host_state.recover(state(), vultr.client, False)
    assert done == [("the address 192.0.2.9 was detached from the instance", "attached")]
    assert (vultr.calls[-1], up) == ("POST /reserved-ips/r/attach", ["192.0.2.9"])


def test_an_address_that_another_instance_has_is_for_a_person(up: list[str]) -> None:
    vultr = Vultr("running")
    vultr.at = "other"
    with pytest.raises(OpsError, match="is at instance other, not at this stack's"):
        host_state.recover(state(), vultr.client, False)
    assert not [call for call in vultr.calls if call.startswith("POST")]


class Members:
    """Vultr with three instances: by id how each is, None where it is gone; `done` are what it was told to do."""

    def __init__(self, **power: str | None) -> None:
        self.power = {"i0": "running", "i1": "running", "i2": "running", **power}
        self.done: list[str] = []
        self.client = httpx.Client(base_url="http://vultr", transport=httpx.MockTransport(self.answer))

    def answer(self, request: httpx.Request) -> httpx.Response:
        _, what, id_, *_ = request.url.path.split("/")
        if request.method == "POST":
            self.done.append(request.url.path)
            return httpx.Response(204)
        if what == "reserved-ips":
            return httpx.Response(200, json={"reserved_ip": {"instance_id": id_.replace("r", "i")}})
        if self.power[id_] is None:
            return httpx.Response(404, json={})
        return httpx.Response(200, json={"instance": {"power_status": self.power[id_], "main_ip": "198.51.100.1"}})


def fleet() -> dict[str, Any]:
    return {"deployment": {"resources": stand.fleet()}}


def test_a_worker_that_is_gone_is_named_and_nothing_is_forgotten(up: list[str]) -> None:
    before = fleet()
    after, done = host_state.recover(before, Members(i1=None).client, False)
    assert after is before
    assert done == [
        ("mech-w1: instance i1 is gone", "`pulumi up` makes the host anew; its tasks run on the others meanwhile")
    ]


def test_a_worker_that_is_halted_is_started(up: list[str]) -> None:
    vultr = Members(i2="stopped")
    _, done = host_state.recover(fleet(), vultr.client, False)
    assert vultr.done == ["/instances/i2/start"] and "192.0.2.11" in up
    assert done == [("mech-w2: host 192.0.2.11 was stopped", "started; SSH answers")]


def test_with_the_first_host_goes_what_its_docker_had(up: list[str]) -> None:
    after, done = host_state.recover(fleet(), Members(i0=None).client, False)
    assert not [r for r in after["deployment"]["resources"] if r["type"].startswith("docker:")]
    assert done[0][0].startswith("mech: instance i0 is gone, and 3 resources of its Docker")


def test_a_member_that_cannot_be_mended_does_not_cost_the_others(
    up: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_state, "answers", lambda address, wait: address != "192.0.2.10")
    with pytest.raises(OpsError, match=r"^mech-w1: host 192.0.2.10 was started, but .*; mech-w2: host 192.0.2.11 was"):
        host_state.recover(fleet(), Members(i1="stopped", i2="stopped").client, False)
    # What was forgotten must be written back, so this is then no error.
    _, done = host_state.recover(fleet(), Members(i0=None, i1="stopped").client, False)
    assert done[-1][0].startswith("mech-w1: host 192.0.2.10 was started, but SSH does not answer")
