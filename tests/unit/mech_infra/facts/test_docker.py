from __future__ import annotations

import time
from typing import Any

import pytest

from mech_infra.facts.host import docker, onhost
from mech_infra.facts.host.docker import Container, Image, Network

from .conftest import container, recorded, told, word

NET = "mech-network"
LLMS = next(i for i, c in enumerate(recorded()["docker"]["containers"]) if c["name"] == "mech-llms")
NETS = recorded()["docker"]["networks"]


def llms(field: str, value: Any) -> dict[str, Any]:
    return recorded("docker", "containers", LLMS, field, value)


def test_the_host_as_declared_shows_nothing() -> None:
    for check in (Container("mech-llms", NET), Container("mongodb", NET, ["mongo"]), Network(NET), Image("mongo:7")):
        assert word(check, recorded()) == check.good
    for watch in (docker.Down(), docker.ForeignContainers(), docker.ForeignNetworks(), docker.IllContainers()):
        assert told(watch, recorded(), host="192.0.2.1") == []


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        (llms("name", "other"), "missing"), (llms("labels", None), "made by hand"), (llms("state", "paused"), "paused"),
        (llms("networks", ["bridge"]), "not on mech-network"), (llms("networks", ["bridge", NET]), "also on bridge"),
    ],
)  # fmt: skip
def test_a_container_is_ours_and_on_the_network_under_its_names(facts: dict[str, Any], says: str) -> None:
    assert word(Container("mech-llms", NET), facts) == says
    assert word(Container("mech-llms", NET, ["llms"]), llms("aliases", [])) == "not known as llms"


def test_the_network_is_ours() -> None:
    assert word(Network(NET), recorded("docker", "networks", NETS[:-1])) == "missing"
    assert word(Network(NET), recorded("docker", "networks", [{**NETS[-1], "labels": {}}])) == "made by hand"


@pytest.mark.parametrize(
    ("reference", "images", "says"),
    [
        ("r.io/x:1", {"r.io/x:1": ["r.io/x", "other"]}, "from its registry"),
        ("r.io/x:1", {"r.io/x:1": ["redis"]}, "another image stands under this tag"),
        ("r.io/x:1", {"redis:alpine": ["redis"]}, "missing"),
        ("redis", {"redis:latest": ["redis"]}, "from its registry"),
        ("localhost:5000/x", {"localhost:5000/x:latest": ["localhost:5000/x"]}, "from its registry"),
    ],
)
def test_the_image_under_a_tag_was_pulled_from_there(reference: str, images: dict[str, list[str]], says: str) -> None:
    assert word(Image(reference), recorded("docker", "images", images)) == says


@pytest.mark.parametrize(
    ("watch", "change", "says"),
    [
        (docker.Down(), None, "Docker on host 192.0.2.1 does not answer"),
        (
            docker.ForeignContainers(),
            {"containers": [container("stray", labels={})]},
            "the container stray (x, running)",
        ),
        (docker.ForeignNetworks(), {"networks": [{"name": "x", "labels": {}}]}, "the network x"),
        (docker.IllContainers(), {"containers": [container("llm", status="Up (unhealthy)")]}, "llm is unhealthy"),
        (
            docker.IllContainers(),
            {"containers": [container("llm", status="", state="restarting")]},
            "llm is restarting",
        ),
    ],
)
def test_what_is_not_ours_or_not_well_is_named(watch: Any, change: Any, says: str) -> None:
    (said,) = told(watch, recorded(docker=change), host="192.0.2.1")
    assert says in said


def test_a_docker_that_was_not_looked_at_is_not_called_down() -> None:
    assert told(docker.Down(), {}, host="192.0.2.1") == []


def test_what_a_backup_is_proved_in_is_nobodys_container() -> None:
    scratch = container("mech-scratch-redis-1", labels={"mech.scratch": "redis"})
    foreign = container("somebodys", labels=None)
    facts = recorded("docker", "containers", [scratch, foreign])
    assert [said.split()[4] for said in told(docker.ForeignContainers(), facts)] == ["somebodys"]


def test_a_database_of_a_fleet_is_on_both_networks() -> None:
    both = docker.Container("redis", "mech-network", [], "mech-fleet")
    for networks, says in (
        (["mech-fleet", "mech-network"], both.good), (["mech-network"], "not on mech-fleet"), (["mech-fleet"], "not on mech-network"),
        (["a", "mech-fleet", "mech-network"], "also on a"),
    ):  # fmt: skip
        found = {"containers": [container("redis", networks=networks)]}
        assert word(both, recorded(docker=found)) == says


def test_what_docker_makes_for_a_swarm_is_not_somebodys() -> None:
    task = container("mech-llms.1.x", labels={"com.docker.swarm.task.id": "x"})
    networks = [{"name": name, "id": name, "labels": {}} for name in ("docker_gwbridge", "ingress")]
    found = recorded(docker={"containers": [task], "networks": networks})
    assert told(docker.ForeignContainers(), found) == told(docker.ForeignNetworks(), found) == []


def test_of_one_look_it_is_asked_once_whether_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []

    def run(*argv: str) -> tuple[int, str]:
        time.sleep(0.05)
        asked.append(argv)
        return 3, ""

    monkeypatch.setattr(docker, "run", run)
    readers: onhost.Readers = {f"{number}": (docker.started, {}) for number in range(9)}
    assert onhost.looked(readers) == dict.fromkeys(readers, False) and len(asked) == 1
    onhost.looked(readers)  # the next look asks anew
    assert len(asked) == 2
    docker.started(), docker.started()  # and who does not look
    assert len(asked) == 4


def test_of_one_look_a_failure_is_each_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*argv: str) -> tuple[int, str]:
        raise RuntimeError("no")

    monkeypatch.setattr(docker, "run", run)
    assert onhost.looked({"one": (docker.started, {}), "two": (docker.started, {})}) == {"one": None, "two": None}
