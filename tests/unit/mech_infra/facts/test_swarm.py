from __future__ import annotations

import copy
from typing import Any

import pytest

from mech_infra.commands.swarm import SWARM
from mech_infra.commands.volume import DATA
from mech_infra.facts.host import swarm

from .conftest import MANAGED, recorded, told, word

NODES = [
    {"id": "a", "name": "mech", "role": "manager", "availability": "active", "state": "ready"},
    {"id": "b", "name": "mech-w1", "role": "worker", "availability": "active", "state": "ready"},
]
SERVICE = {"name": "mech-llms", "labels": MANAGED, "running": 2, "wanted": 2, "error": "", "update": ""}
WELL = {"state": "active", "manager": True, "address": "10.96.0.3", "nodes": NODES, "services": [SERVICE]}
MANAGING, WORKER = swarm.Managing("10.96.0.3"), swarm.Member("mech-w1", "worker", "active")


def seen(**node: str) -> dict[str, Any]:
    found = copy.deepcopy(WELL)
    found["nodes"][1] |= node  # type: ignore[index]
    return recorded(swarm=found)


def test_a_swarm_as_declared_shows_nothing() -> None:
    for check in (MANAGING, WORKER, swarm.Member("mech", "manager", "active")):
        assert word(check, recorded(swarm=WELL)) == check.good
    watches = [swarm.ForeignMembers(["mech", "mech-w1"]), swarm.ForeignServices(), swarm.MissingTasks()]
    assert [told(watch, recorded(swarm=WELL)) for watch in watches] == [[], [], []]


@pytest.mark.parametrize(
    ("node", "says"),
    [
        ({"name": "other"}, "not a member"),
        ({"availability": "drain"}, "worker, drain"),
        ({"role": "manager"}, "manager, active"),
        ({"state": "down"}, "does not answer (down)"),
    ],
)
def test_a_member_that_is_not_as_declared(node: dict[str, str], says: str) -> None:
    assert word(WORKER, seen(**node)) == says


def test_a_host_that_was_made_anew_is_the_one_that_is_ready() -> None:
    found = seen()
    found["swarm"]["nodes"].append({**NODES[1], "id": "c", "state": "down"})
    assert word(WORKER, found) == WORKER.good


def test_the_host_that_manages_says_when_it_does_not() -> None:
    assert word(MANAGING, recorded()) == "this host is in none (inactive)"
    assert word(MANAGING, recorded(swarm={**WELL, "manager": False})) == "this host is a worker of one"
    assert word(MANAGING, recorded(swarm={**WELL, "address": "10.96.0.9"})) == "managed at 10.96.0.9"
    # Of members only a manager knows.
    assert word(WORKER, recorded()) == WORKER.good


def test_what_is_not_ours_and_what_does_not_run_is_told() -> None:
    lacking = {**SERVICE, "running": 1, "error": "no suitable node (insufficient resources on 2 nodes)"}
    found = recorded(swarm={**WELL, "services": [lacking, {**SERVICE, "name": "web", "labels": {}}]})
    assert told(swarm.ForeignMembers(["mech"]), found) == [
        "not ours: mech-w1 is in the swarm (worker, ready; left as it is)"
    ]
    assert told(swarm.ForeignServices(), found) == [
        "not ours: the service web in the swarm is not declared (left as it is)"
    ]
    assert told(swarm.MissingTasks(), found) == [
        "not well: of mech-llms 1 of 2 tasks run: no suitable node (insufficient resources on 2 nodes): "
        "docker service ps --no-trunc mech-llms"
    ]


def test_it_is_read_off_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: dict[str, Any] = {
        "/info": {"Swarm": {"LocalNodeState": "active", "ControlAvailable": True, "NodeAddr": "10.96.0.3"}},
        "/nodes": [
            {
                "ID": "a", "Description": {"Hostname": "mech"}, "Status": {"State": "ready"},
                "Spec": {"Role": "manager", "Availability": "active"},
            }
        ],
        "/services?status=true": [
            {"ID": "s", "Spec": {"Name": "mech-llms", "Labels": MANAGED}, "ServiceStatus": {"RunningTasks": 0, "DesiredTasks": 1}}
        ],
        "/tasks": [
            {"UpdatedAt": "2", "Status": {"Err": "no such image", "Message": "preparing"}},
            {"UpdatedAt": "1", "Status": {"Err": "older"}},
            {"UpdatedAt": "3", "Status": {"Message": "assigned"}},
        ],
    }  # fmt: skip
    monkeypatch.setattr(swarm, "started", lambda: True)
    monkeypatch.setattr(swarm, "ask", lambda path: answers[path if path in answers else path.partition("?")[0]])
    about = swarm.swarm()
    assert about is not None
    assert about["nodes"] == [NODES[0]]
    assert about["services"] == [{**SERVICE, "running": 0, "wanted": 1, "error": "no such image"}]
    answers["/info"]["Swarm"] = {"LocalNodeState": "inactive", "ControlAvailable": False, "NodeAddr": ""}
    assert swarm.swarm() == {"state": "inactive", "manager": False, "address": ""}
    monkeypatch.setattr(swarm, "started", lambda: False)
    assert swarm.swarm() is None


def test_each_host_says_how_it_is_with_the_swarm_also_without_a_leader(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = "rpc error: code = Unknown desc = The swarm does not have a leader."
    about: dict[str, Any] = {
        "LocalNodeState": "active", "ControlAvailable": True, "NodeAddr": "10.96.0.3", "NodeID": "a", "Error": lost,
        "RemoteManagers": [{"NodeID": "b", "Addr": "10.96.0.4:2377"}, {"NodeID": "a", "Addr": "10.96.0.3:2377"}],
    }  # fmt: skip
    monkeypatch.setattr(swarm, "started", lambda: True)
    monkeypatch.setattr(swarm, "ask", lambda path, timeout: {"Swarm": about})
    assert swarm.membership() == {
        "state": "active", "manager": True, "address": "10.96.0.3", "id": "a", "error": lost,
        "managers": ["10.96.0.3:2377", "10.96.0.4:2377"],
    }  # fmt: skip
    about |= {
        "LocalNodeState": "inactive",
        "ControlAvailable": False,
        "NodeAddr": "",
        "NodeID": "",
        "RemoteManagers": None,
    }
    assert swarm.membership() == {
        "state": "inactive",
        "manager": False,
        "address": "",
        "id": "",
        "error": lost,
        "managers": [],
    }
    monkeypatch.setattr(swarm, "started", lambda: False)
    assert swarm.membership() is None


def test_why_a_task_failed_is_said_by_the_newest_one(monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = [
        {"CreatedAt": "1", "Status": {"State": "failed", "Err": "older"}},
        {"CreatedAt": "3", "Status": {"State": "running"}},
        {"CreatedAt": "2", "Status": {"State": "failed", "Err": "task: non-zero exit (137): unhealthy container"}},
    ]
    there = [{"Spec": {"Name": "mech-llms"}}]
    monkeypatch.setattr(swarm, "ask", lambda path: there if path.startswith("/services") else tasks)
    assert swarm.failed_task("mech-llms") == "task: non-zero exit (137): unhealthy container"
    tasks.append({"CreatedAt": "4", "Status": {"State": "complete"}})
    assert "health check" in swarm.failed_task("mech-llms")
    tasks.clear()
    assert swarm.failed_task("mech-llms") == ""
    there.clear()
    assert swarm.failed_task("mech-llms") == swarm.NO_SERVICE


def test_a_state_that_would_be_lost_with_its_host_is_told() -> None:
    def told(*mounts: list[str], manager: bool = True) -> list[str]:
        facts = {"mounts": [["/dev/vdb", DATA], *mounts], "swarm": {"manager": manager}}
        return list(swarm.StateElsewhere().tell(facts, {}))

    assert told(["/dev/vdb", SWARM]) == [] == told(manager=False)
    for found in (told(), told(["/dev/vdc", SWARM])):  # as after its disk came back under another name
        assert len(found) == 1 and found[0].startswith("not well: ") and "systemctl reboot" in found[0]


def test_a_node_without_a_name_hides_nothing_of_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Docker keeps of a host whose joining was refused once (recorded with 20.10.24)."""
    nobody = {
        "ID": "ojj7xar9y3pl4cxrd38x4srsp", "Spec": {"Labels": {}, "Role": "manager", "Availability": "active"},
        "Description": {"Platform": {}, "Resources": {}, "Engine": {}, "TLSInfo": {}}, "Status": {"State": "unknown"},
    }  # fmt: skip
    about = {"LocalNodeState": "active", "ControlAvailable": True, "NodeAddr": "10.96.0.4"}
    answers: dict[str, Any] = {"/info": {"Swarm": about}, "/nodes": [nobody], "/services?status=true": []}
    monkeypatch.setattr(swarm, "started", lambda: True)
    monkeypatch.setattr(swarm, "ask", answers.__getitem__)
    found = {"swarm": swarm.swarm()}
    assert told(swarm.ForeignMembers(["mech"]), found) == [
        "not ours: ojj7xar9y3pl4cxrd38x4srsp is in the swarm (manager, unknown; left as it is)"
    ]
