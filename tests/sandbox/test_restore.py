"""`mech restore` on the real thing: every write that was acknowledged before a snapshot is there again, whatever was lost.

MECH_RESTORE_ROUNDS says how many times each way of losing data is tried, MECH_RESTORE_KILLS how many restores are killed;
MECH_RESTORE_SEED makes the moments the same again.
"""

from __future__ import annotations

import json
import os
import random
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from mech_infra.commands.volume import DATA
from sandbox import steps
from sandbox.credentials import VENDOR_KEYS
from sandbox.credentials import load as credentials

from .outside import start_writing, stop_writing
from .stack import REPO, STACK, Listener, Stack, make, project

ROUNDS = int(os.environ.get("MECH_RESTORE_ROUNDS", "1"))
KILLS = int(os.environ.get("MECH_RESTORE_KILLS", "1"))
SEED = int(os.environ.get("MECH_RESTORE_SEED", "0")) or random.randrange(1, 10**6)
PLANTED = {
    "BACKUP_PASSWORD": "planted-backup-password-0123456789",
    "BACKUP_ACCESS_KEY": VENDOR_KEYS["r2_backup_access_key"],
    "BACKUP_SECRET_KEY": VENDOR_KEYS["r2_backup_secret_key"],
    "MONGODB_PASSWORD": "planted-mongodb-password-0123456789",
}
LIVE = ("restore", "--into", "live", "--yes-i-mean", STACK, "--stack", STACK, "--json")
# Which of the writes that are given are not there.
MISSING = r"""
import json, subprocess, sys, urllib.error, urllib.request
noted = json.load(sys.stdin)
have = set(subprocess.run(["docker", "exec", "redis", "redis-cli", "--scan", "--pattern", "write:*"],
                          capture_output=True, text=True, check=True).stdout.split())
lost = [n for n in noted["redis"] if f"write:{n}" not in have]
for id in noted["mongodb"]:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:3010/memories/{id}", timeout=5).close()
    except urllib.error.HTTPError:
        lost.append(id)
print(json.dumps(lost))
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = make("restore")
    stack.folder = project(tmp_path_factory.mktemp("restore"))
    about = yaml.safe_load((REPO / f"Pulumi.{STACK}.yaml").read_text())
    about["config"]["mech:edge"]["accountId"] = credentials(stack.settings)["cloudflare_account_id"]
    about["config"]["mech:backup"] = {"enabled": True, "repository": "r2:mech-backup/restored", "everyHours": 24}
    (stack.folder / f"Pulumi.{STACK}.yaml").write_text(yaml.safe_dump(about))
    for name, value in PLANTED.items():
        config(stack, name, value)
    stack.up()
    yield stack
    steps.remove(stack.settings)


def config(stack: Stack, name: str, value: str) -> None:
    """The value by standard input."""
    argv = ["pulumi", "config", "set", "--secret", f"mech:{name}", "--stack", STACK, "--non-interactive"]
    subprocess.run(argv, cwd=stack.folder, env=stack.env, input=value, text=True, check=True, capture_output=True)


def acknowledged(stack: Stack) -> dict[str, list[str]]:
    files = "python3 -c \"import json; print(json.dumps({n: open('/root/writes/' + n).read().split() for n in ('redis', 'mongodb')}))\""
    found: dict[str, list[str]] = json.loads(stack.ssh(files))
    return found


def saved(stack: Stack) -> dict[str, list[str]]:
    """What was acknowledged before a snapshot began, which is made while more is written."""
    start_writing(stack)
    time.sleep(6)
    before = acknowledged(stack)
    made = json.loads(stack.mech("backup", "now", "--stack", STACK, "--json").stdout)
    assert made["exit_code"] == 0, made
    later = acknowledged(stack)
    assert len(later["redis"]) > len(before["redis"]) > 20 and len(before["mongodb"]) > 5
    stop_writing(stack)
    return before


def missing(stack: Stack, noted: dict[str, list[str]]) -> list[str]:
    stack.ssh("cat > /root/missing.py", text=MISSING)
    lost: list[str] = json.loads(stack.ssh("python3 /root/missing.py", text=json.dumps(noted)))
    return lost


def restored(stack: Stack, *more: str) -> dict[str, Any]:
    with Listener() as heard:
        done = stack.mech(*LIVE, *more, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    for secret in PLANTED.values():
        assert not [words for words in heard.seen if secret.encode() in words]
        assert secret not in done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def volume_emptied(stack: Stack) -> None:
    well = "until docker inspect -f '{{.State.Health.Status}}' mongodb redis | grep -cx healthy | grep -q 2; do sleep 1; done"
    lost = f"docker stop -t 60 mongodb redis && rm -rf {DATA}/mongodb/* {DATA}/redis/* && docker start mongodb redis"
    stack.ssh(f"{lost} && timeout 60 sh -c {shlex.quote(well)}")
    stack.up()  # an empty MongoDB knows no user


def host_and_volume_lost(stack: Stack) -> None:
    stack.destroy()
    vultr = stack.vultr()
    for block in vultr.get("/blocks").json()["blocks"]:
        vultr.delete(f"/blocks/{block['id']}").raise_for_status()
    stack.up()


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("lose", [volume_emptied, host_and_volume_lost])
@pytest.mark.parametrize("number", range(ROUNDS))
def test_every_write_that_was_acknowledged_before_the_snapshot_is_there(stack: Stack, number: int, lose: Any) -> None:
    before = saved(stack)
    begun = time.monotonic()
    lose(stack)
    lost = missing(stack, before)
    assert len(lost) == sum(len(those) for those in before.values())
    broken = time.monotonic()
    found = restored(stack)
    took = time.monotonic() - broken
    assert missing(stack, before) == []
    stack.well()
    parts = ", ".join(f"{one['part']} {one['seconds']} s" for one in found["parts"])
    print(
        f"\nround {number}, {lose.__name__}: {len(lost)} acknowledged writes lost and back; lost and made anew in "
        f"{broken - begun:.0f} s, restored in {took:.0f} s ({parts})"
    )


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("number", range(KILLS))
def test_after_a_kill_services_come_back_and_the_next_run_works(stack: Stack, number: int) -> None:
    luck = random.Random(SEED * 1000 + number)
    on_host = number % 2 == 0
    after_s = luck.uniform(0, 12) if on_host else luck.uniform(4, 20)
    print(
        f"\nseed {SEED}, round {number}: SIGKILL of {'the program on the host' if on_host else 'the command'} after {after_s:.1f} s"
    )
    before = saved(stack)
    newest = json.loads(stack.mech("backup", "list", "--stack", STACK, "--json").stdout)["snapshots"][-1]["id"]
    stack.ssh("docker exec redis redis-cli flushall")
    if on_host:
        # It waits there for the restore to begin: a trip takes too long to hit a moment.
        # One that has ended by then is not followed by the next.
        named = "unit=$(systemctl list-units --plain --no-legend --state=active 'mech-restore-*' | cut -d' ' -f1)"
        begun = f'until {named}; [ -n "$unit" ]; do sleep 0.1; done'
        kill = f"{begun}; sleep {after_s:.1f}; systemctl kill -s KILL $unit"
        stack.ssh(f"systemd-run -q --collect sh -c {shlex.quote(kill)}")
    argv = [str(Path(sys.prefix) / "bin" / "mech"), *LIVE, "--at", newest]
    process = subprocess.Popen(argv, cwd=stack.folder, env=stack.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if not on_host:
        time.sleep(after_s)
        process.send_signal(signal.SIGKILL)
    said = process.communicate(timeout=180)[0].decode()
    print(f"it ended with {process.returncode}: {said[-600:]}")
    stack.well(within_s=60)  # what was stopped is started again, and takes its time until it serves
    restored(stack, "--at", newest)
    assert missing(stack, before) == []
    stack.well()
    checked = stack.mech("backup", "check", "--stack", STACK)
    assert "is whole" in checked.stdout
    assert stack.ssh("docker ps -aq --filter label=mech.scratch; ls /var/lib/mech-backup").split() == ["status.json"]


def test_tried_beside_what_serves_it_is_shown_and_goes(stack: Stack) -> None:
    saved(stack)
    names = "docker ps -a --format '{{.Names}} {{.ID}}' | sort"
    running = stack.ssh(names)
    found = json.loads(stack.mech("restore", "--stack", STACK, "--json").stdout)
    assert found["collections"]["mech.memories"] > 5 and found["keys"] > 20
    assert set(found["containers"]) == {"mongodb", "redis"}
    assert stack.ssh(names) == running


def test_it_stays_for_a_while_where_that_is_said(stack: Stack) -> None:
    argv = [str(Path(sys.prefix) / "bin" / "mech"), "restore", "--only", "redis", "--keep", "5", "--stack", STACK]
    with subprocess.Popen(argv, cwd=stack.folder, env=stack.env, stdout=subprocess.PIPE, text=True) as process:
        said = ""
        for line in process.stdout or ():
            said += line
            if "docker exec -i" in line:
                break
        name = said.split("docker exec -i ")[1].split()[0]
        assert int(stack.ssh(f"docker exec -i {name} redis-cli dbsize").split()[-1]) > 20
        assert stack.ssh(f"docker inspect -f '{{{{.HostConfig.NetworkMode}}}}' {name}") == "none"
        process.terminate()  # as Ctrl-C, which a test in the background is deaf to
    end = time.monotonic() + 30
    while name in stack.ssh("docker ps -a --format '{{.Names}}'"):
        assert time.monotonic() < end, "it does not go"
        time.sleep(1)


def test_what_cannot_be_is_refused_before_anything_is_touched(stack: Stack) -> None:
    for words, code, says in (
        (("--at", "2020-01-01"), 2, "no snapshot was made before"),
        (("--only", "mongodb.nix"), 1, "has no nix"),
        (("--yes-i-mean", "prod"), 1, "is not this stack's name"),
    ):
        done = stack.mech(*LIVE[:-1], *words, check=False)
        assert done.returncode == code and says in done.stdout + done.stderr, (done.stdout, done.stderr)
    # A backup first, or nothing.
    full = "fallocate -l $(($(df --output=avail -B1 /var/lib | tail -1) - 20000000)) /var/lib/filler"
    stack.ssh(full)
    try:
        done = stack.mech(*LIVE, check=False)
    finally:
        stack.ssh("rm -f /var/lib/filler")
    assert done.returncode == 1 and "MiB free" in done.stdout, done.stdout
    stack.well()
