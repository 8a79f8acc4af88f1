"""More hosts than one (mech:fleet): from nothing, to one host and back, under load and without a failed request."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx
import pytest
import yaml

from mech_infra.catalogue import SERVICE_PORTS, SERVICES
from sandbox import credentials, host, steps
from sandbox.cloud.cloudflare.zones import MECH_ZONE

from .answers import Result
from .load import Load
from .stack import REPO, STACK, Stack, make, project

pytestmark = [pytest.mark.in_order, pytest.mark.timeout(1800)]
RATE = 20


class Fleet:
    """A stack with a project and a config of its own."""

    def __init__(self, stack: Stack) -> None:
        self.folder = project(stack.settings.state / "project")
        self.stack = Stack(stack.settings, self.folder)
        self.result = Result([])  # of the last `up`

    def of(self, services: Mapping[str, Any] | None = None, **fleet: object) -> None:
        about = yaml.safe_load((REPO / f"Pulumi.{STACK}.yaml").read_text())
        # The sandbox's kernel has no ESP.
        about["config"]["mech:fleet"] = {"encrypted": False, **fleet}
        about["config"]["mech:services"] = services or {}
        (self.folder / f"Pulumi.{STACK}.yaml").write_text(yaml.safe_dump(about))

    def up(self, check: bool = True) -> str:
        """Under load, of which three uploads of 20 s are always under way; every request is answered. What the engine said."""
        with Load(self.stack.settings, rate=RATE, uploads=3, upload_mb=20) as load:
            time.sleep(5)
            done = self.stack.up("--skip-preview", check=check)
            time.sleep(5)
        self.result = load.result()
        print(f"\n{self.result.summary()}")
        assert self.result.failed == []
        return done.stdout + done.stderr

    def clean(self) -> None:
        for _ in range(2):
            self.stack.pulumi("preview", "--expect-no-changes")

    def nodes(self) -> dict[str, str]:
        said = self.stack.ssh("docker node ls --format '{{.Hostname}} {{.Status}} {{.Availability}}'")
        return {line.split()[0]: line.split(maxsplit=1)[1] for line in said.splitlines()}

    def scanned(self, *where: str, address: str) -> dict[str, str]:
        """Which of its TCP ports answer somebody there, and how."""
        argv = [*where, sys.executable, "-m", "tests.sandbox.ports", address]
        done = subprocess.run(
            argv, cwd=REPO, env=self.stack.env, capture_output=True, text=True, timeout=300, check=True
        )
        return dict(json.loads(done.stdout))

    def until(self, holds: Callable[[], bool], within_s: float = 60) -> None:
        end = time.monotonic() + within_s
        while not holds():
            assert time.monotonic() < end, f"not within {within_s:.0f} s"
            time.sleep(0.5)

    def swarm(self) -> str:
        """What the swarm says of its tasks, and Docker of their containers."""
        asked = "docker node ls; docker service ps --no-trunc $(docker service ls -q); docker ps -a"
        told = self.stack.ssh(asked, check=False)
        for worker in ("mech-w1", "mech-w2"):
            log = "docker ps -a; journalctl -u docker -o cat --no-pager | tail -n 40"
            told += f"\n{worker}:\n{self.stack.mech('ssh', worker, '--stack', STACK, '--', log, check=False).stdout}"
        return told

    def plan(self, name: str) -> None:
        """Put the zone onto one of Cloudflare's plans."""
        key = credentials.load(self.stack.settings)["cloudflare_api_token"]
        url = f"{self.stack.settings.cloudflare_url}/zones/{MECH_ZONE}/subscription"
        answer = httpx.put(url, headers={"Authorization": f"Bearer {key}"}, json={"rate_plan": {"id": name}})
        answer.raise_for_status()

    def databases_at(self) -> str:
        """Their addresses on the network between hosts."""
        address = '{{(index .NetworkSettings.Networks "mech-fleet").IPAddress}}'
        return self.stack.ssh(f"docker inspect -f '{address}' redis mongodb")

    def databases(self) -> str:
        return self.stack.ssh("docker inspect -f '{{.Id}} {{.State.StartedAt}}' redis mongodb")


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    made = make("fleet")
    found = Fleet(made)
    found.of(workers=2)
    done = found.stack.up("--skip-preview", check=False)
    assert done.returncode == 0, f"{done.stdout[-2000:]}{done.stderr}\n{found.swarm()}"
    yield found
    steps.remove(made.settings)


def test_from_nothing_all_serve_and_two_previews_are_clean(fleet: Fleet) -> None:
    assert fleet.nodes() == {"mech": "Ready Active", "mech-w1": "Ready Active", "mech-w2": "Ready Active"}
    fleet.stack.well()
    said = fleet.stack.ssh("docker service ls --format '{{.Name}} {{.Replicas}}'").splitlines()
    assert len(said) == 8 and all(line.endswith(" 1/1") for line in said)
    fleet.clean()


def test_the_world_and_a_neighbour_reach_what_is_declared_and_nothing_else(fleet: Fleet) -> None:
    """All TCP ports of each member: from the internet, and of the private addresses from a host in another VPC of the account."""
    # The guide's range is open as a whole, and two of its ports are nobody's.
    declared = dict.fromkeys(map(str, SERVICE_PORTS), "ECONNREFUSED")
    declared |= dict.fromkeys(map(str, (22, 80, 443, *(service.port for service in SERVICES.values()))), "open")
    members = [
        fleet.stack.ssh(f"docker node inspect -f '{{{{.Status.Addr}}}}' {id}").strip()
        for id in fleet.stack.ssh("docker node ls -q").splitlines()
    ]
    assert all(address.startswith("10.96.") for address in members)
    with fleet.stack.vultr() as vultr:
        addresses = [one["subnet"] for one in vultr.get("/reserved-ips").json()["reserved_ips"]]
        asked = {"region": "ewr", "description": "neighbour", "v4_subnet": "10.112.0.0", "v4_subnet_mask": 20}
        vpc = vultr.post("/vpcs", json=asked).raise_for_status().json()["vpc"]["id"]
        plan = {"region": "ewr", "plan": "vc2-1c-1gb", "os_id": 2136, "hostname": "neighbour", "attach_vpc": [vpc]}
        neighbour = vultr.post("/instances", json=plan).raise_for_status().json()["instance"]["id"]
        try:
            assert len(addresses) == len(members) == 3
            for address in addresses:
                assert fleet.scanned("mech", "sandbox", "shell", "--", address=address) == declared
            fleet.until(lambda: vultr.get(f"/instances/{neighbour}").json()["instance"]["status"] == "active")
            there = ["nsenter", "-t", str(host.init_pid(fleet.stack.settings, neighbour)), "-n"]
            for address in members:
                # No way there is a router's word, not a member's.
                answers = {*fleet.scanned(*there, address=address).values()} - {"ENETUNREACH", "EHOSTUNREACH"}
                assert not answers
            assert fleet.scanned(*there, address=addresses[1]) == declared
        finally:
            vultr.delete(f"/instances/{neighbour}").raise_for_status()
            fleet.until(lambda: vultr.delete(f"/vpcs/{vpc}").status_code in (204, 404))


def test_a_drained_member_has_no_task_and_no_record(fleet: Fleet) -> None:
    fleet.of(workers=2, drained=["mech-w1"])
    fleet.up()
    assert fleet.nodes()["mech-w1"] == "Ready Drain"
    assert fleet.stack.ssh("docker node ps -q --filter desired-state=running mech-w1") == ""
    fleet.clean()
    fleet.of(workers=2)
    fleet.up()
    assert fleet.nodes()["mech-w1"] == "Ready Active"
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


def test_a_member_that_somebody_removed_is_in_it_again_and_so_is_a_label(fleet: Fleet) -> None:
    label = "docker service inspect -f '{{index .Spec.Labels \"mech.service\"}}' mech-llms"
    fleet.stack.ssh("docker node rm --force mech-w1; docker service update -d --label-rm mech.service mech-llms")
    assert "mech-w1" not in fleet.nodes() and fleet.stack.ssh(label) == ""
    found = json.loads(fleet.stack.mech("drift", "--stack", STACK, "--format", "json", check=False).stdout)
    assert "member mech-w1" in {one["subject"] for one in found["drift"]} and "service mech-llms" in json.dumps(found)
    fleet.stack.up("--skip-preview")
    assert fleet.nodes()["mech-w1"] == "Ready Active" and fleet.stack.ssh(label) == "llm"
    fleet.stack.well()
    fleet.clean()


def test_the_network_between_hosts_that_is_gone_comes_back_with_all_that_was_on_it(fleet: Fleet) -> None:
    fleet.stack.ssh("docker service rm $(docker service ls -q)")
    fleet.until(lambda: fleet.stack.ssh("docker ps -q --filter label=com.docker.swarm.task") == "")
    fleet.stack.ssh("for one in redis mongodb; do docker network disconnect -f mech-fleet $one; done")
    fleet.until(lambda: "mech-fleet" in fleet.stack.ssh("docker network rm mech-fleet", check=False))
    before = fleet.databases()
    found = fleet.stack.mech("drift", "--stack", STACK, "--format", "json", check=False)
    assert found.returncode == 2 and "mech-fleet" in json.dumps(json.loads(found.stdout)["drift"])
    fleet.stack.up("--skip-preview")
    fleet.stack.well()
    assert fleet.databases() == before
    fleet.clean()


def test_a_worker_that_is_destroyed_is_named_and_made_anew(fleet: Fleet) -> None:
    """With two tasks a service, and a plan of Cloudflare's that asks another address of the name: next to nothing fails."""
    fleet.of({name: {"replicas": 2} for name in SERVICES}, workers=2)
    before = fleet.databases_at()
    fleet.up()
    fleet.stack.well()
    assert fleet.databases_at() == before
    with fleet.stack.vultr() as vultr:
        found = vultr.get("/instances").json()["instances"]
        [worker] = [one["id"] for one in found if one["hostname"] == "mech-w1"]
        fleet.plan("pro")
        try:
            with Load(fleet.stack.settings, rate=RATE) as load:
                time.sleep(5)
                vultr.delete(f"/instances/{worker}").raise_for_status()
                time.sleep(3)
                said = fleet.stack.mech("diagnose", "--stack", STACK, "--json", check=False)
                time.sleep(30)
                fleet.stack.up("--skip-preview")
                time.sleep(5)
        finally:
            fleet.plan("free")
    result = load.result()
    print(f"\n{result.summary()}")
    for one in result.failed:
        print(one)
    # What was on its way to the host, or to a task on it.
    assert len(result.failed) <= result.total / 100
    assert not {one.status for one in result.failed} & {200, 404, 521, 522, 523}
    assert said.returncode == 2 and "mech-w1" in json.dumps(json.loads(said.stdout)["causes"][0])
    assert fleet.nodes()["mech-w1"] == "Ready Active"
    fleet.clean()


def test_a_version_that_does_not_become_well_goes_back_and_the_cause_is_said(fleet: Fleet) -> None:
    fleet.of({"search": {"image": "redis:alpine"}}, workers=2)
    said = fleet.up(check=False)
    assert "mech-search: its new tasks do not become well, and the version before serves: " in said
    fleet.of(workers=2)
    fleet.up()
    fleet.clean()


def test_back_to_one_host_and_to_a_fleet_again(fleet: Fleet) -> None:
    """An upload that nginx takes before it passes to another form is whole after that, and goes to the form before."""
    before = fleet.databases()
    fleet.of()
    said = fleet.up()
    assert "to one host: the tasks and the other hosts go when what nginx has passed to them is answered" in said
    # Those that keep a WebSocket open are not waited for any longer.
    assert re.search(r"draining-left\S* .*after 30 s nginx still serves \d+ connections", said)
    assert len(fleet.result.of("upload").said) >= 9 and fleet.result.of("stream").cut == []
    assert "not a swarm manager" in fleet.stack.ssh("docker node ls 2>&1", check=False)
    assert "mech-fleet" not in fleet.stack.ssh("docker network ls --format '{{.Name}}'; ufw status")
    fleet.clean()
    fleet.of(workers=1)
    said = fleet.up()
    assert re.search(r"draining-entered .*after 30 s nginx still serves \d+ connections", said)
    assert len(fleet.result.of("upload").said) >= 9 and fleet.result.of("stream").cut == []
    assert fleet.nodes() == {"mech": "Ready Active", "mech-w1": "Ready Active"}
    assert fleet.databases() == before


def test_three_managers_in_a_workers_place_and_one_again(fleet: Fleet) -> None:
    """Hosts come while others go: a task that moves to one that comes calls one that is still at one that goes."""
    before = fleet.databases()
    for others in ({"managers": 3}, {"workers": 2}):
        fleet.of(**others)
        done = fleet.stack.up("--skip-preview")
        assert " come while " in done.stdout + done.stderr
        fleet.stack.well()
        fleet.clean()
        roles = fleet.stack.ssh("docker node ls --format '{{.Hostname}} {{.ManagerStatus}}'").splitlines()
        managers = [line.split()[0] for line in roles if line.split()[1:] in (["Leader"], ["Reachable"])]
        assert sorted(managers) == (["mech", "mech-m2", "mech-m3"] if "managers" in others else ["mech"])
        assert len(roles) == 3 and fleet.databases() == before
