"""The rules against a fleet: services of a swarm are judged as containers are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .changes import Change, Resources, edit, sub
from .conftest import program
from .test_rules import ACCEPTED, judged

LLM = "tasks-llm"


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Resources:
    return program(tmp_path_factory.mktemp("key"), fleet={"workers": 2})


def task(change: Callable[[dict[str, Any]], Any]) -> Change:
    return edit(LLM, lambda props: change(props["taskSpec"]))


def spec(**changes: Any) -> Change:
    return task(lambda task: task["containerSpec"].update(changes))


def port(**changes: Any) -> Change:
    return edit(LLM, lambda props: props["endpointSpec"]["ports"][0].update(changes))


OUTAGES: list[tuple[str, str, Change]] = [
    ("a task's port at all addresses", "firewall-docker-bypass", sub("swarm-(init|join-w.)", "host_binding_ipv4=", "host_binding=")),
    ("a port by the mesh", "firewall-docker-bypass", port(publishMode="ingress")),
    ("managers open to the world", "firewall-undeclared-port", sub("swarm-rules", r"^ufw allow from .* port 2377 .*", "ufw allow 2377/tcp")),
    ("members' gossip open to the world", "firewall-undeclared-port", sub("swarm-rules", r"^ufw allow from .* port 7946 proto tcp.*", "ufw allow 7946/tcp")),
    ("off the network between hosts", "network-container-outside", task(lambda task: task.pop("networksAdvanceds"))),
    ("without its secrets", "services-key-missing", spec(secrets=None)),
    ("secrets that nobody reads", "services-key-missing", spec(commands=["mech-service"])),
    ("no memory limit", "services-no-memory-limit", task(lambda task: task.pop("resources"))),
    ("no health check", "services-no-health", spec(healthcheck=None)),
    ("no way back up", "services-no-restart", task(lambda task: task["restartPolicy"].update(condition="none"))),
]  # fmt: skip


def test_a_fleet_is_clean_and_wholly_judged(fleet: Resources) -> None:
    assert judged(fleet) == (ACCEPTED, {})


@pytest.mark.parametrize(("rule", "change"), [outage[1:] for outage in OUTAGES], ids=[outage[0] for outage in OUTAGES])
def test_an_outage_of_a_service_is_caught(fleet: Resources, rule: str, change: Change) -> None:
    found, _ = judged(change(fleet))
    assert rule in found - ACCEPTED
