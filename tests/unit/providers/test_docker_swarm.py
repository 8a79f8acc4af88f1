"""The docker plugin before a small swarm in this process: what a fleet's services, secrets and configs go through."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.providers.contract import Context, PartialError, ProviderError
from sandbox.providers.docker import converging
from sandbox.providers.docker.engine import Engine as DockerEngine
from sandbox.providers.docker.provider import Docker
from sandbox.providers.docker.secret import Secret
from sandbox.providers.docker.service import Service
from sandbox.providers.harness import Engine, running
from sandbox.providers.rpc import UNKNOWN
from tests.parity.docker_world import DockerWorld
from tests.parity.hand import Edits
from tests.unit.providers.test_docker import kinds

SERVICE, SECRET, CONFIG = (
    "docker:index/service:Service", "docker:index/secret:Secret", "docker:index/serviceConfig:ServiceConfig",
)  # fmt: skip
IMAGE = "ghcr.io/mech-is/mech-llms@sha256:" + "a" * 64
PLATFORM = {"architecture": "amd64", "os": "linux"}
DATA = base64.b64encode(b"sk-1").decode()


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with running(Docker()) as found:
        yield found


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> DockerWorld:
    found = DockerWorld([])
    monkeypatch.setattr(DockerEngine, "_connect", lambda self: found.client())
    monkeypatch.setattr(Service, "read_delay", 0.0)
    monkeypatch.setattr(converging, "_looks", lambda ctx, delay, limit: iter([None, None]))
    found.next_id = "service-1"
    return found


def context() -> Context:
    return Context(name="llm", provider=Docker())


def declared(engine: Engine, **changes: Any) -> dict[str, Any]:
    container = {
        "image": IMAGE,
        "env": {"PORT": "3000"},
        "secrets": [{"secretId": "s1", "secretName": "llm-a1", "fileName": "/run/secrets/env/KEY"}],
        "stopGracePeriod": "0s",
        **changes.pop("container", {}),
    }
    task = {
        "containerSpec": container,
        "networksAdvanceds": [{"id": "overlay-1"}],
        "placement": {"constraints": ["node.role==worker"], "platforms": [PLATFORM]},
        **changes.pop("task", {}),
    }
    news = {
        "name": "mech-llms",
        "taskSpec": task,
        "mode": {"replicated": {"replicas": 2}},
        "endpointSpec": {
            "mode": "dnsrr",
            "ports": [{"targetPort": 3000, "publishedPort": 3002, "publishMode": "host"}],
        },
        "convergeConfig": {"delay": "1s", "timeout": "20s"},
        **changes,
    }
    found, failures = engine.check(SERVICE, news)
    assert not failures, failures
    return found


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if not key.startswith("__")}
    return [plain(item) for item in value] if isinstance(value, list) else value


def test_a_service_that_is_up_has_no_difference(engine: Engine, world: DockerWorld) -> None:
    news = declared(engine)
    id, state = Service().create(context(), plain(news), 0)
    found = Service().read(context(), id, plain(news), state)
    assert found is not None and found[0] == "service-1"
    assert plain(found[2]) == plain(news)  # the program's own words
    assert not engine.diff(SERVICE, news, news, found[1]).detailedDiff


def test_a_placement_without_platforms_is_a_difference_after_a_create(engine: Engine, world: DockerWorld) -> None:
    news = declared(engine, task={"placement": {"constraints": ["node.role==worker"]}})
    id, state = Service().create(context(), plain(news), 0)
    found = Service().read(context(), id, plain(news), state)
    assert found is not None
    assert kinds(engine.diff(SERVICE, news, news, found[1])) == {"taskSpec.placement.platforms": "DELETE"}


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"container": {"image": "other@sha256:" + "b" * 64}}, {"taskSpec.containerSpec.image": "UPDATE"}),
        ({"container": {"env": {"PORT": "3000", "A": "1"}}}, {"taskSpec.containerSpec.env.A": "ADD"}),
        ({"mode": {"replicated": {"replicas": 3}}}, {"mode.replicated.replicas": "UPDATE"}),
        ({"task": {"networksAdvanceds": [{"id": "overlay-2"}]}}, {"taskSpec.networksAdvanceds[0].id": "UPDATE_REPLACE"}),
        ({"name": "mech-llm"}, {"name": "UPDATE_REPLACE"}),
        (
            {"container": {"secrets": [{"secretId": UNKNOWN, "secretName": "llm-b2", "fileName": "/run/secrets/env/KEY"}]}},
            {
                "taskSpec.containerSpec.secrets[0].secretId": "UPDATE",
                "taskSpec.containerSpec.secrets[0].secretName": "UPDATE",
            },
        ),
    ],
)  # fmt: skip
def test_what_a_change_does(
    engine: Engine, world: DockerWorld, changes: dict[str, Any], wanted: dict[str, str]
) -> None:
    before = declared(engine)
    _, state = Service().create(context(), plain(before), 0)
    answer = engine.diff(SERVICE, before, declared(engine, **changes), state)
    assert kinds(answer) == wanted
    if any(kind.endswith("REPLACE") for kind in wanted.values()):
        assert answer.deleteBeforeReplace  # also under another name


def test_drift_by_hand_is_seen_and_the_inputs_show_it(engine: Engine, world: DockerWorld) -> None:
    news = declared(engine)
    id, state = Service().create(context(), plain(news), 0)
    world.swarm._edit("scale", "mech-llms", 1)
    world.swarm._edit("env", "mech-llms", "BY=hand")
    found = Service().read(context(), id, plain(news), state)
    assert found is not None and plain(found[2])["mode"] == {"replicated": {"replicas": 1}}
    assert kinds(engine.diff(SERVICE, news, news, found[1])) == {
        "mode.replicated.replicas": "UPDATE", "taskSpec.containerSpec.env.BY": "DELETE",
    }  # fmt: skip
    world.swarm._edit("remove", "mech-llms", None)
    assert Service().read(context(), id, plain(news), state) is None


def test_one_that_was_made_by_hand_under_the_name_is_the_service(engine: Engine, world: DockerWorld) -> None:
    news = declared(engine)
    id, state = Service().create(context(), plain(news), 0)
    world.swarm.services["by-hand"] = {**world.swarm.services.pop(id), "ID": "by-hand"}
    found = Service().read(context(), id, plain(news), state)
    assert found is not None and found[0] == "by-hand"


def test_an_update_that_the_swarm_takes_back_fails_and_the_state_says_what_was_wanted(
    engine: Engine, world: DockerWorld
) -> None:
    before, news = declared(engine), declared(engine, container={"env": {"BROKEN": "1"}})
    id, state = Service().create(context(), plain(before), 0)
    world.swarm.edits = Edits(rolled_back=frozenset({"mech-llms"}))
    with pytest.raises(PartialError, match=r"^service rollback completed: rollback completed$") as raised:
        Service().update(context(), id, state, plain(news), 0)
    assert raised.value.outputs["taskSpec"]["containerSpec"]["env"] == {"BROKEN": "1"}
    found = Service().read(context(), id, plain(before), raised.value.outputs)
    assert found is not None and found[1]["taskSpec"]["containerSpec"]["env"] == {"PORT": "3000"}


def test_a_service_that_does_not_come_up_is_not_left_behind(engine: Engine, world: DockerWorld) -> None:
    world.swarm.edits = Edits(stuck=frozenset({"mech-llms"}))
    with pytest.raises(ProviderError, match=r"^Service with ID \(service-1\) did not converge after 20s$"):
        Service().create(context(), plain(declared(engine)), 0)
    assert not world.swarm.services


def test_a_task_on_a_node_that_is_down_does_not_count(world: DockerWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = {"Name": "a", "Mode": {"Replicated": {"Replicas": 1}}}
    tasks = [{"Slot": 1, "NodeID": "lost", "DesiredState": "running", "Status": {"State": "running"}}]
    monkeypatch.setattr(world.swarm, "tasks", lambda filters: tasks)
    assert converging._running(DockerEngine({}), {"ID": "1", "Spec": spec}) == 0
    tasks[0]["NodeID"] = "node-1"
    assert converging._running(DockerEngine({}), {"ID": "1", "Spec": spec}) == 1
    # Of two tasks of a slot (start-first) the one that is less far counts.
    tasks.append({"Slot": 1, "NodeID": "node-1", "DesiredState": "running", "Status": {"State": "starting"}})
    assert converging._running(DockerEngine({}), {"ID": "1", "Spec": spec}) == 0


@pytest.mark.parametrize(
    ("changes", "property"),
    [
        ({"updateConfig": {"order": "both"}}, "updateConfig.order"),
        ({"convergeConfig": {"timeout": "soon"}}, "convergeConfig.timeout"),
        ({"mode": {"global": True}, "convergeConfig": {}}, "mode.global"),
        ({"nosuch": 1}, "nosuch"),
    ],
)
def test_check_refuses(engine: Engine, changes: dict[str, Any], property: str) -> None:
    news = {"name": "a", "taskSpec": {"containerSpec": {"image": IMAGE}}, **changes}
    if property == "mode.global":
        news["mode"] = {"global": True, "replicated": {"replicas": 1}}
    assert [name for name, _ in engine.check(SERVICE, news)[1]] == [property]


def test_a_secret_is_secret_and_its_content_is_base64(engine: Engine) -> None:
    news, failures = engine.check(SECRET, {"name": "llm-a1", "data": DATA})
    assert not failures and type(news["data"]).__name__ == "Secret"
    assert engine.check(SECRET, {"name": "llm-a1", "data": "not base64"})[1][0][0] == "data"
    assert engine.check(CONFIG, {"name": "c"})[1][0][0] == "data"
    assert engine.check(CONFIG, {"name": "c", "data": DATA, "dataRaw": "x"})[1][0][0] == "data"


def test_another_secret_is_made_after_the_old_one_is_deleted_unless_the_program_says_otherwise(engine: Engine) -> None:
    old, new = ({"name": name, "data": DATA} for name in ("llm-a1", "llm-b2"))
    answer = engine.diff(SECRET, old, new, old)
    assert kinds(answer) == {"name": "UPDATE_REPLACE"} and answer.deleteBeforeReplace


def test_a_secret_that_a_service_uses_is_not_deleted(engine: Engine, world: DockerWorld) -> None:
    world.next_id = "s1"
    id, state = Secret().create(context(), {"name": "llm-a1", "data": DATA}, 0)
    assert Secret().read(context(), id, {"name": "llm-a1", "data": DATA}, state) is not None
    world.next_id = "service-1"
    service, made = Service().create(context(), plain(declared(engine)), 0)
    with pytest.raises(ProviderError, match="secret 'llm-a1' is in use by the following service: mech-llms"):
        Secret().delete(context(), id, state, 0)
    Service().delete(context(), service, made, 0)
    Secret().delete(context(), id, state, 0)
    assert Secret().read(context(), id, {"name": "llm-a1", "data": DATA}, state) is None
