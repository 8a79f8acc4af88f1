"""`mech heal` and its timer on the real thing: what is ill is healed, nobody else is touched, and nothing goes on for ever.

MECH_HEAL_ROUNDS=100 breaks it a hundred times; MECH_HEAL_SEED repeats an order.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import time
from collections.abc import Iterator
from typing import Any

import pytest

from mech_infra.catalogue import SERVICES
from mech_infra.heal.elsewhere import YOUNG_S

from .stack import REPO, STACK, Stack, project

ROUNDS = int(os.environ.get("MECH_HEAL_ROUNDS", "3"))
SEED = int(os.environ.get("MECH_HEAL_SEED", "18"))
NAMES = [*(service.container_name for service in SERVICES.values()), "redis", "mongodb"]
BREAKS = {
    "stopped": "docker stop -t 1 {0}",
    "killed": "docker kill {0}",
    "paused": "docker pause {0}",
    "off the network": "docker network disconnect mech-network {0}",
    # Its health check fails three times: up to 45 s.
    "hangs": "docker kill -s STOP {0}",
}
LOG = "/var/log/mech/heal.jsonl"
# What was done two hours ago does not count any more.
LATER = (
    "import json, pathlib; f = pathlib.Path('/var/log/mech/heal.jsonl'); "
    "f.exists() and f.write_text(''.join(json.dumps({**r, 'at': r['at'] - 7200}) + chr(10) "
    "for r in map(json.loads, f.read_text().splitlines())))"
)
STRAY = "stray"


@pytest.fixture(scope="module")
def stack(platform: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """With a config of its own, and a container beside that is nobody's business."""
    platform.folder = project(tmp_path_factory.mktemp("heal"))
    shutil.copy(REPO / f"Pulumi.{STACK}.yaml", platform.folder)
    platform.ssh(f"docker create --name {STRAY} redis:alpine")
    yield platform
    platform.ssh(f"docker rm -f {STRAY}; rm -rf {LOG}*")


@pytest.fixture(autouse=True)
def hours_later(stack: Stack) -> None:
    stack.ssh(f'python3 -c "{LATER}"')


def containers(stack: Stack) -> dict[str, dict[str, Any]]:
    """By name: when it was started, its state, its health."""
    form = "{{.Name}} {{.State.StartedAt}} {{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{end}}"
    said = stack.ssh(f"docker inspect -f '{form}' $(docker ps -aq)")
    rows = [(line.lstrip("/") + " ").split(" ") for line in said.splitlines()]
    return {row[0]: {"started": row[1], "state": row[2], "health": row[3]} for row in rows}


def started(stack: Stack, but: set[str]) -> dict[str, str]:
    return {name: about["started"] for name, about in containers(stack).items() if name not in but}


def until(stack: Stack, name: str, health: str, within_s: float = 90, told: str = "") -> None:
    end = time.monotonic() + within_s
    while containers(stack)[name]["health"] != health:
        assert time.monotonic() < end, f"{name} is not {health} within {within_s:.0f} s; {told}"
        time.sleep(2)


def all_well(stack: Stack) -> bool:
    found = containers(stack)
    return all((found[name]["state"], found[name]["health"]) == ("running", "healthy") for name in NAMES)


def heal(stack: Stack, *flags: str) -> tuple[int, dict[str, Any]]:
    done = stack.mech("heal", "--stack", STACK, "--json", *flags, check=False)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def notes(stack: Stack) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stack.ssh(f"cat {LOG} 2>/dev/null || true").splitlines()]


@pytest.mark.timeout(ROUNDS * 400)
def test_random_breakage_is_healed_and_nobody_else_is_touched(stack: Stack) -> None:
    luck = random.Random(SEED)
    ways = (how for _ in itertools.count() for how in luck.sample([*BREAKS], len(BREAKS)))  # all come, early
    took, counts = list[float](), dict.fromkeys(BREAKS, 0)
    for number in range(ROUNDS):
        stack.ssh(f'python3 -c "{LATER}"')
        broken = {name: next(ways) for name in luck.sample(NAMES, luck.randint(1, 3))}
        before = started(stack, set(broken))
        stack.ssh("; ".join(BREAKS[how].format(name) for name, how in broken.items()))
        for name, how in broken.items():
            counts[how] += 1
            if how == "hangs":
                until(stack, name, "unhealthy")
        begin = time.monotonic()
        code, found = heal(stack)
        took.append(time.monotonic() - begin)
        told = f"round {number}: {broken}: {found}"
        print(f"round {number}: {broken}: {took[-1]:.0f} s", flush=True)
        # Who lost a database for a while is unhealthy for a while, and gets well by itself: that may be left.
        assert {one["code"] for one in found["left"]} <= {"database-young", "database-down", "callee-down"}, told
        assert code == (2 if found["left"] else 0), told
        # One that hangs looks like one that waits for the database that has just come back: a later run knows better.
        later = {one["what"] for one in found["left"] if broken.get(one["what"]) == "hangs"}
        assert {step["what"] for step in found["steps"]} == set(broken) - later, told
        waiting = {one["what"] for one in found["left"]} - later
        if later:
            time.sleep(YOUNG_S)
            code, found = heal(stack)
            told = f"{told}, then {found}"
            assert {step["what"] for step in found["steps"]} == later, told
            # Who asks one of them has waited for it, too.
            assert {one["what"] for one in found["left"]} <= waiting and code == (2 if found["left"] else 0), told
        for name in waiting:
            until(stack, name, "healthy", told=told)
        assert all_well(stack), f"{told}: {containers(stack)}"
        assert started(stack, set(broken)) == before, told
        # It is at rest then, and each was tried once.
        assert heal(stack) == (0, {"exit_code": 0, "dry_run": False, "steps": [], "left": []})
        tries = [
            (one["run"], one["what"])
            for one in notes(stack)
            if one["outcome"] == "begun" and one["at"] > time.time() - 3600
        ]
        assert sorted({what for _, what in tries}) == sorted(broken) and len(set(tries)) == len(broken), told
    took.sort()
    print(
        f"\n{ROUNDS} rounds: {counts}; mech heal took {took[len(took) // 2]:.0f} s (median), {took[-1]:.0f} s at most"
    )


def test_what_the_guides_script_would_restart_does_not_exist(stack: Stack) -> None:
    stack.ssh("docker stop -t 1 mech-llms")
    # auto-heal.sh: `docker ps` does not list it, and the critical service is restarted under a name that nobody has.
    assert "mech-llms" not in stack.ssh("docker ps --format '{{.Names}}'").splitlines()
    assert "No such container: mech-llm" in stack.ssh("docker restart mech-llm 2>&1", check=False)
    code, found = heal(stack)
    assert code == 0 and [step["what"] for step in found["steps"]] == ["mech-llms"]
    said = stack.mech("heal", "--log", "--stack", STACK).stdout
    assert "mech heal" in said and "mech-llms" in said and "well after" in said


@pytest.mark.timeout(400)
def test_a_vendor_that_fails_is_named_and_no_restart_is_tried(stack: Stack) -> None:
    vendors = stack.settings.state / "vendors.json"
    before = started(stack, set())
    vendors.write_text(json.dumps({"r2": {"denied": True}}))
    try:
        until(stack, "mech-storage", "unhealthy", within_s=150)
        for _ in range(3):
            code, found = heal(stack)
            assert (code, found["steps"]) == (2, [])
            left = {one["what"]: one for one in found["left"]}
            assert left["mech-storage"]["code"] == "vendor" and "r2" in left["mech-storage"]["why"]
    finally:
        vendors.write_text("{}")
        until(stack, "mech-storage", "healthy")
        until(stack, "mech-reader", "healthy")
    assert started(stack, set()) == before


@pytest.mark.timeout(400)
def test_a_full_disk_loses_logs_and_nameless_images_and_nothing_is_started_on_it(stack: Stack) -> None:
    log = stack.ssh("docker inspect -f '{{.LogPath}}' mech-search")
    tagged = stack.ssh("docker images --filter dangling=false -q | sort")
    stack.ssh("tar c /bin/true | docker import - >/dev/null 2>&1")
    stack.ssh(
        f"head -c 150000000 /dev/zero | tr '\\0' 'x' >>{log}; printf '\\n{{\"log\":\"last\"}}\\n' >>{log}; docker stop -t 1 mech-reader"
    )
    before = started(stack, {"mech-reader"})
    stack.ssh("fallocate -l $(($(df --output=avail -B1 /var/tmp | tail -1) - 20000000)) /var/tmp/full")
    try:
        code, found = heal(stack)
        assert code == 2
        assert [(step["did"], step["what"]) for step in found["steps"]] == [
            ("cut-log", "mech-search"),
            ("remove-images", "disk"),
        ]
        assert {one["what"]: one["code"] for one in found["left"]} == {"disk": "disk-full", "mech-reader": "disk-full"}
        assert int(stack.ssh(f"stat -c %s {log}")) < 1_000_000
        assert stack.ssh("docker images --filter dangling=true -q") == ""
        assert stack.ssh("docker images --filter dangling=false -q | sort") == tagged
    finally:
        stack.ssh("rm -f /var/tmp/full")
    stack.ssh("docker exec mech-search true")
    code, found = heal(stack)
    assert code == 0 and [step["what"] for step in found["steps"]] == ["mech-reader"]
    assert started(stack, {"mech-reader"}) == before


def test_a_frozen_docker_is_said_and_a_silent_host_is_not_waited_for(stack: Stack) -> None:
    stack.ssh("kill -STOP $(pidof dockerd)")
    try:
        code, found = heal(stack)
        assert code == 2 and [(one["what"], one["then"]) for one in found["left"]] == [("docker", "mech recover")]
    finally:
        stack.ssh("kill -CONT $(pidof dockerd)")
    stack.ssh(
        "systemd-run -q --on-active=1 --timer-property=AccuracySec=100ms sh -c 'iptables -I INPUT -p tcp --dport 22 -j DROP; sleep 25; iptables -D INPUT 1'"
    )
    time.sleep(3)
    begin = time.monotonic()
    done = stack.mech("heal", "--stack", STACK, check=False)
    took = time.monotonic() - begin
    print(f"\na silent host: {took:.0f} s")
    assert done.returncode == 1 and took < 15 + 5  # ours, and what Pulumi takes to say its state
    time.sleep(max(0, 27 - took))
    stack.well()


@pytest.mark.timeout(1200)
def test_the_timer_is_declared_seen_put_right_heals_and_goes(stack: Stack) -> None:
    def changes() -> bool:
        return stack.pulumi("preview", "--expect-no-changes", check=False).returncode != 0

    stack.pulumi("config", "set", "--path", "mech:heal.enabled", "true")
    stack.pulumi("config", "set", "--path", "mech:heal.intervalS", "30")
    stack.up("--skip-preview")
    assert not changes()

    for breaks in ("systemctl stop mech-heal.timer", "echo '# mine' >>/usr/local/sbin/mech-heal"):
        stack.ssh(breaks)
        assert changes(), breaks
        stack.up("--skip-preview")
        assert not changes(), breaks

    before = started(stack, {"mech-queue"})
    begin = time.monotonic()
    stack.ssh("docker stop -t 1 mech-queue")
    until(stack, "mech-queue", "healthy", within_s=120)
    print(f"\nhealed by the timer {time.monotonic() - begin:.0f} s after it was stopped")
    assert started(stack, {"mech-queue"}) == before
    assert {one["who"] for one in notes(stack) if one["at"] > time.time() - 600} == {"mech-heal.timer"}

    # A version that is refused is ill for a while, and none of the healer's business.
    count = len(notes(stack))
    stack.pulumi("config", "set", "--path", "--type", "string", "mech:services.search.version", "broken-unhealthy")
    assert stack.up("--skip-preview", check=False).returncode
    assert [one for one in notes(stack)[count:] if not one["did"].startswith("left")] == []
    stack.pulumi("config", "rm", "--path", "mech:services.search")

    stack.pulumi("config", "rm", "mech:heal")
    stack.up("--skip-preview")
    assert stack.ssh("ls /usr/local/sbin/mech-heal /etc/systemd/system/mech-heal.* 2>/dev/null | wc -l") == "0"
    assert stack.ssh("systemctl is-active mech-heal.timer", check=False) == "inactive"
    assert not changes()
