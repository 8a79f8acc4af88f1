"""`mech recover` on a host that runs: what is wrong is named, mended in the right order, or said with what to do."""

from __future__ import annotations

import itertools
from typing import Any

import httpx
import pytest

from mech_ops import host_shell, recovery
from mech_ops.errors import OpsError
from mech_ops.hosts import Host
from mech_ops.recovery import looking, strays

WELL = {"docker": "active", "answers": "0", "mounted": "254:16", "options": "rw,noatime", "device": "254:16",
        "readable": "0", "boot": "yes"}  # fmt: skip
KNOWN, STRAY = "a" * 64, "b" * 64


def state() -> dict[str, Any]:
    return {"deployment": {"resources": [
        {"urn": "i", "type": "vultr:index/instance:Instance", "id": "abc"},
        {"urn": "b", "type": "vultr:index/blockStorage:BlockStorage", "id": "vol", "outputs": {"mountId": "ewr-1"}},
        {"urn": "c", "type": "docker:index/container:Container", "id": KNOWN},
    ]}}  # fmt: skip


class World:
    """A host that answers as it is told, and Vultr; both note what they were asked to do, in order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, attached: str | None = "abc", **facts: str) -> None:
        self.facts, self.attached, self.did = {**WELL, **facts}, attached, []  # type: ignore[var-annotated]
        self.containers, self.fails, self.says = f"container {KNOWN} redis\n", "", ""
        monkeypatch.setattr(host_shell, "output", self.answer)
        self.vultr = httpx.Client(base_url="http://vultr", transport=httpx.MockTransport(self.api))

    def api(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            self.did.append(f"{request.method} {request.url.path} {request.content.decode()}")
            return httpx.Response(204)
        if self.attached is None:
            return httpx.Response(404, json={})
        return httpx.Response(200, json={"block": {"attached_to_instance": self.attached}})

    def answer(
        self, state: Any, address: str, command: str, limit_s: float, host: Host | None = None
    ) -> tuple[int, str]:
        assert limit_s <= 200
        if "mech-%s" in command:
            return 0, "".join(f"mech-{key}={value}\n" for key, value in self.facts.items())
        if "docker ps -a" in command:
            return 0, self.containers
        self.did.append(command)
        failed = bool(self.fails) and self.fails in command
        if not failed and "start docker.service" in command:
            self.facts |= WELL
        return (1, self.says) if failed else (0, self.says)

    def mend(self, dry_run: bool = False) -> list[tuple[str, str]]:
        return recovery.mend(state(), self.vultr, "192.0.2.9", dry_run)

    def order(self, *parts: str) -> list[int]:
        return [next(i for i, done in enumerate(self.did) if part in done) for part in parts]


def test_a_host_that_is_well_is_let_be(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    assert world.mend() == []
    assert world.did == []


def test_a_detached_volume_comes_back_while_docker_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, attached="", device="")
    ((what, done),) = world.mend()
    assert "was detached from host 192.0.2.9" in what
    assert "attached and mounted" in done
    steps = world.order(
        "systemctl stop docker", "umount", "POST /blocks/vol/attach", "mech-data.service", "start docker"
    )
    assert steps == sorted(steps)
    assert '"live":true' in next(done for done in world.did if "POST" in done).replace(" ", "")


@pytest.mark.parametrize(
    ("facts", "word"),
    [
        ({"mounted": ""}, "not mounted"),
        ({"mounted": "254:32"}, "stale"),
        ({"readable": "1"}, "stale"),
        ({"options": "ro,noatime"}, "read-only"),
    ],
)
def test_a_mount_that_is_not_right_is_made_anew(
    monkeypatch: pytest.MonkeyPatch, facts: dict[str, str], word: str
) -> None:
    world = World(monkeypatch, **facts)
    ((what, _),) = world.mend()
    assert word in what
    steps = world.order("systemctl stop docker", "umount", "mech-data.service", "start docker")
    assert steps == sorted(steps)
    assert not [done for done in world.did if "POST" in done]


def test_docker_is_not_started_where_the_volume_does_not_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, attached="", device="")
    world.fails, world.says = "restart mech-data", "/dev/disk/by-id/virtio-ewr-1 did not appear within 60 s; reboot …"
    with pytest.raises(OpsError, match="did not appear"):
        world.mend()
    assert not [done for done in world.did if "start docker" in done]


def test_a_volume_on_another_instance_or_gone_is_for_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    for attached, word in (("other", "attached to instance other"), (None, "is gone at Vultr")):
        world = World(monkeypatch, attached=attached)
        with pytest.raises(OpsError, match=word):
            world.mend()
        assert world.did == []


def test_before_the_program_has_set_the_volume_up_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, attached="", mounted="", device="")
    del world.facts["boot"]
    assert world.mend() == []


def test_a_docker_that_is_down_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, docker="failed", answers="7")
    assert world.mend() == [("Docker did not run on host 192.0.2.9", "started")]


def test_a_frozen_docker_is_killed_after_its_containers_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, answers="28")
    ((what, done),) = world.mend()
    assert "did not answer" in what
    assert "killed and started" in done
    assert world.did[0] == recovery.docker.kill()


@pytest.mark.parametrize(
    ("says", "word"),
    [
        ("mech-data\n", "data volume cannot be mounted"),
        ("mech-swarm\n", "journalctl -u mech-swarm"),
        ("no-folder\n", "mkdir -p /var/lib/docker"),
        ("full\n", "disk of /var/lib/docker is full"),
        ("failed to start daemon: no such bridge\n", "no such bridge"),
        ("", "journalctl -u docker"),
    ],
)
def test_why_docker_does_not_start_is_said(monkeypatch: pytest.MonkeyPatch, says: str, word: str) -> None:
    world = World(monkeypatch, docker="failed", answers="7")
    world.fails, world.says = "start docker.service", says
    with pytest.raises(OpsError, match=word):
        world.mend()


def test_what_was_made_and_not_noted_is_removed_gently(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    world.containers += f"container {STRAY} mongodb\nnetwork {STRAY} mech-network\n"
    assert world.mend() == [
        ("container mongodb, made and not noted", "removed"),
        ("network mech-network, made and not noted", "removed"),
    ]
    assert world.did == [strays.removal("container", STRAY), strays.removal("network", STRAY)]
    assert KNOWN not in " ".join(world.did)


def test_a_dry_run_only_says_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for facts in ({"answers": "28"}, {"docker": "failed", "answers": "7"}, {"mounted": ""}):
        world = World(monkeypatch, **facts)
        assert "would" in world.mend(dry_run=True)[0][1]
        assert world.did == []


def test_a_host_that_runs_no_command_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    world.facts = {}
    with pytest.raises(OpsError, match="console at Vultr"):
        world.mend()


@pytest.mark.parametrize("calls", [[0], [0, 1], [1], [1, 3]])
def test_a_host_that_goes_down_for_a_reboot_is_asked_again(monkeypatch: pytest.MonkeyPatch, calls: list[int]) -> None:
    """Whichever of our calls it is that breaks."""
    world, count = World(monkeypatch), itertools.count()

    def answer(*about: Any) -> tuple[int, str]:
        if next(count) in calls:
            raise host_shell.Unreached("ssh to host 192.0.2.9 failed")
        return world.answer(*about)

    monkeypatch.setattr(host_shell, "output", answer)
    monkeypatch.setattr(looking, "AGAIN_S", 0)
    assert world.mend() == []
    assert next(count) > max(calls)
    monkeypatch.setattr(looking, "BOOT_S", -1)
    calls[:] = [next(count) + 1]
    with pytest.raises(OpsError, match="failed"):
        world.mend()


def test_of_a_host_beside_the_first_only_docker_is_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    """The data volume is the first one's, and the containers are the swarm's."""
    world = World(monkeypatch, attached=None, docker="inactive", answers="7", mounted="")
    member = Host("mech-w1", "w1", "192.0.2.10", access={"host": "192.0.2.10"})
    done = recovery.mend(state(), world.vultr, "192.0.2.10", False, member)
    assert done == [("Docker did not run on host 192.0.2.10", "started")]
