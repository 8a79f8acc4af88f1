"""More hosts than one (mech:fleet): from nothing, to one host and back, under load and without a failed request."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from sandbox import steps

from .load import Load
from .stack import REPO, STACK, Stack, make, project

pytestmark = [pytest.mark.in_order, pytest.mark.timeout(1800)]
RATE = 20


class Fleet:
    """A stack with a project and a config of its own."""

    def __init__(self, stack: Stack) -> None:
        self.folder = project(stack.settings.state / "project")
        self.stack = Stack(stack.settings, self.folder)

    def of(self, services: Mapping[str, Any] | None = None, **fleet: object) -> None:
        about = yaml.safe_load((REPO / f"Pulumi.{STACK}.yaml").read_text())
        # The sandbox's kernel has no ESP.
        about["config"]["mech:fleet"] = {"encrypted": False, **fleet}
        about["config"]["mech:services"] = services or {}
        (self.folder / f"Pulumi.{STACK}.yaml").write_text(yaml.safe_dump(about))

    def up(self, check: bool = True) -> str:
        """Under load; every request is answered. What the engine said."""
        with Load(self.stack.settings, rate=RATE) as load:
            time.sleep(5)
            done = self.stack.up("--skip-preview", check=check)
            time.sleep(5)
        assert load.result().failed == []
        return done.stdout + done.stderr

    def clean(self) -> None:
        for _ in range(2):
            self.stack.pulumi("preview", "--expect-no-changes")

    def nodes(self) -> dict[str, str]:
        said = self.stack.ssh("docker node ls --format '{{.Hostname}} {{.Status}} {{.Availability}}'")
        return {line.split()[0]: line.split(maxsplit=1)[1] for line in said.splitlines()}

    def databases(self) -> str:
        return self.stack.ssh("docker inspect -f '{{.Id}} {{.State.StartedAt}}' redis mongodb")


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    made = make("test-fleet")
    found = Fleet(made)
    found.of(workers=2)
    found.stack.up("--skip-preview")
    yield found
    steps.remove(made.settings)


def test_from_nothing_all_serve_and_two_previews_are_clean(fleet: Fleet) -> None:
    assert fleet.nodes() == {"mech": "Ready Active", "mech-w1": "Ready Active", "mech-w2": "Ready Active"}
    fleet.stack.well()
    said = fleet.stack.ssh("docker service ls --format '{{.Name}} {{.Replicas}}'").splitlines()
    assert len(said) == 8 and all(line.endswith(" 1/1") for line in said)
    fleet.clean()


def test_the_world_reaches_nothing_of_the_swarm(fleet: Fleet) -> None:
    for member in fleet.stack.ssh("docker node ls -q").splitlines():
        address = fleet.stack.ssh(f"docker node inspect -f '{{{{.Status.Addr}}}}' {member}").strip()
        assert address.startswith("10.96.")
    with fleet.stack.vultr() as vultr:
        addresses = [one["subnet"] for one in vultr.get("/reserved-ips").json()["reserved_ips"]]
    for address in addresses:
        for port in (2377, 7946, 12001, 12008):
            scan = f"timeout 2 bash -c '</dev/tcp/{address}/{port}' && echo open"
            assert "open" not in fleet.stack.mech("sandbox", "shell", "--", "sh", "-c", scan, check=False).stdout


def test_a_drained_member_has_no_task_and_no_record(fleet: Fleet) -> None:
    fleet.of(workers=2, drained=["mech-w1"])
    fleet.up()
    assert fleet.nodes()["mech-w1"] == "Ready Drain"
    assert fleet.stack.ssh("docker node ps -q --filter desired-state=running mech-w1") == ""
    fleet.clean()


def test_what_is_changed_by_hand_is_seen_and_put_right(fleet: Fleet) -> None:
    fleet.stack.ssh("docker node update --availability drain mech-w2; docker service scale -d mech-llms=2")
    fleet.stack.ssh("docker node promote mech-w1 || docker node promote mech-w1")
    found = json.loads(fleet.stack.mech("drift", "--stack", STACK, "--format", "json", check=False).stdout)
    assert {"member mech-w1", "member mech-w2"} <= {
        one["subject"] for one in found["drift"]
    } and "service mech-llms" in json.dumps(found)
    fleet.stack.up("--skip-preview")
    assert fleet.nodes()["mech-w2"] == "Ready Active"
    assert fleet.stack.ssh("docker node inspect -f '{{.Spec.Role}}' mech-w1") == "worker"
    fleet.clean()


def test_a_version_that_does_not_become_well_goes_back_and_the_cause_is_said(fleet: Fleet) -> None:
    fleet.of({"search": {"image": "redis:alpine"}}, workers=2)
    said = fleet.up(check=False)
    assert "mech-search: its new tasks do not become well, and the version before serves: " in said
    fleet.of(workers=2)
    fleet.up()
    fleet.clean()


def test_back_to_one_host_and_to_a_fleet_again(fleet: Fleet) -> None:
    before = fleet.databases()
    fleet.of()
    fleet.up()
    assert "not a swarm manager" in fleet.stack.ssh("docker node ls 2>&1", check=False)
    assert "mech-fleet" not in fleet.stack.ssh("docker network ls --format '{{.Name}}'; ufw status")
    fleet.clean()
    fleet.of(workers=1)
    fleet.up()
    assert fleet.nodes() == {"mech": "Ready Active", "mech-w1": "Ready Active"}
    assert fleet.databases() == before
