"""Backups on the real thing: restic against the sandbox's R2, proved, bad in many ways, killed at random, and without a secret seen.

MECH_BACKUP_KILLS=30 kills it thirty times; MECH_BACKUP_SEED repeats the moments.
"""

from __future__ import annotations

import inspect
import json
import os
import random
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.backups import craft
from tests.sandbox.backups.asking import (
    BROKEN,
    CONFIG,
    CRAFTED,
    FOLDER,
    SAVED,
    STATUS,
    backup,
    insert,
    left,
    settled,
    status,
)
from tests.unit.mech_infra.backup import dumps

from .load import Load, Result
from .stack import REPO, STACK, Listener, Stack, project

pytestmark = pytest.mark.in_order

KILLS = int(os.environ.get("MECH_BACKUP_KILLS", "2"))
SEED = int(os.environ.get("MECH_BACKUP_SEED", "20"))
PASSWORD = "planted-password-4711-not-to-be-seen"
KEYS = {"BACKUP_PASSWORD": PASSWORD, "BACKUP_ACCESS_KEY": "6d656368000000000000000000000002",
        "BACKUP_SECRET_KEY": "6d65636873616e64626f78000000000000000000000000000000000000000002"}  # fmt: skip
WHERE = "s3:https://sandbox.r2.cloudflarestorage.com/mech-backup/sandbox"


@pytest.fixture(scope="module")
def stack(platform: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """With a config of its own, in which backups are declared; afterwards as it was."""
    folder = project(tmp_path_factory.mktemp("backup"))
    shutil.copy(REPO / f"Pulumi.{STACK}.yaml", folder)
    there = Stack(platform.settings, folder)
    there.pulumi("config", "set", "--path", "mech:backup.enabled", "true")
    there.pulumi("config", "set", "--path", "mech:backup.repository", WHERE)
    for name, value in KEYS.items():
        argv = ["pulumi", "config", "set", "--secret", f"mech:{name}", "--stack", STACK, "--non-interactive"]
        subprocess.run(argv, cwd=folder, env=there.env, input=value, text=True, check=True, capture_output=True)
    yield there
    there.ssh(f"rm -rf {FOLDER} {SAVED}")


def test_up_begins_a_first_backup_and_nothing_is_seen_of_a_secret(stack: Stack) -> None:
    insert(stack, 9)
    with Listener() as seen:
        said = stack.up().stdout
        settled(stack)
        code, made = backup(stack, "now")
        assert code == 0, made
        assert made["documents"] >= 10 and made["keys"] >= 1
        proof_code, proof = backup(stack, "prove")
        assert proof_code == 0, proof
        assert proof["snapshot"] == made["snapshot"]
    assert status(stack)["proved"]["snapshot"] == made["snapshot"] and "failure" not in status(stack)
    assert left(stack) == ""
    secrets = [*list(KEYS.values())[::2], KEYS["BACKUP_SECRET_KEY"]]
    told = (
        said
        + stack.ssh(
            f"cat {STATUS} {CONFIG} /etc/systemd/system/mech-backup* /usr/local/sbin/mech-backup | strings; journalctl --no-pager -o cat"
        )
        + "".join(path.read_text(errors="replace") for path in stack.folder.iterdir() if path.is_file())
    )
    for secret in secrets:
        assert not any(secret.encode() in words for words in seen.seen), "in a command line"
        assert secret not in told
    # What is looked for can be found: where it stands on purpose.
    assert PASSWORD in stack.ssh("cat /etc/mech/backup/password")
    stack.pulumi("preview", "--expect-no-changes")


def test_what_was_written_before_is_in_the_newest_snapshot_and_what_came_after_is_not(stack: Stack) -> None:
    insert(stack, 5, begin=100)
    code, made = backup(stack, "now")
    assert code == 0, made
    insert(stack, 5, begin=200)
    into = "/var/lib/mech-backup/fetched"
    stack.ssh(f"rm -rf {into}; mech-backup fetch --into {into} >/dev/null")
    held = stack.ssh(
        f"grep -aoE 'job-[0-9]+' {into}/var/lib/mech-backup/staging/mongodb.archive; rm -rf {into}"
    ).split()
    assert {f"job-{n}" for n in range(100, 105)} <= set(held) and not {f"job-{n}" for n in range(200, 205)} & set(held)
    code, listed = backup(stack, "list")
    assert code == 0 and [one["id"] for one in listed["snapshots"]][-1] == made["snapshot"]


def visited(stack: Stack) -> None:
    """Under load, each unit is started as its timer does; what that costs in time is printed beside the time before it."""
    units = ("mech-backup.service", "mech-backup-proof.service")
    spans: dict[str, list[tuple[float, float]]] = {"nothing": [], **{unit: [] for unit in units}}
    with Load(stack.settings, rate=60) as load:
        for unit in units * 4:
            begin = time.time()
            time.sleep(8)
            middle = time.time()
            stack.ssh(f"systemctl start {unit}")
            spans["nothing"].append((begin, middle))
            spans[unit].append((middle, time.time()))
    result = load.result()
    print(f"\n{result.summary()}")
    for what, times in spans.items():
        part = Result([one for begin, end in times for one in result.between(begin, end).said])
        print(f"{what}: {part.total} requests, p50 {part.p50:.0f} ms, p99 {part.p99:.0f} ms")
    assert (result.failed, result.cut) == ([], [])


def test_visitors_notice_nothing_of_a_backup(stack: Stack) -> None:
    settled(stack)
    insert(stack, 3000, begin=1000)
    visited(stack)


FAULTS = {
    "STORE_BUSY": {"unavailable": True},
    "REFUSED": {"denied": True},
    "CLOCK": {"skew_s": 1200},
}


@pytest.mark.parametrize("code", FAULTS)
def test_a_store_that_does_not_take_it_is_one_sentence_and_the_next_run_works(stack: Stack, code: str) -> None:
    vendors = Path(stack.settings.state) / "vendors.json"
    vendors.write_text(json.dumps({"r2": FAULTS[code]}))
    try:
        done = stack.ssh("timeout 80 mech-backup now; echo rc $?")
    finally:
        vendors.unlink()
    assert status(stack)["failure"]["code"] == code, done
    assert left(stack) == ""
    assert backup(stack, "now")[0] == 0


@pytest.fixture(scope="module")
def whole(stack: Stack) -> Iterator[None]:
    """A repository in a folder of the host's, which can be broken by hand: one good snapshot, kept beside."""
    stack.ssh(f"cp -p {CONFIG} {CONFIG}.kept; cp -p {STATUS} {STATUS}.kept; rm -rf {FOLDER} {SAVED}")
    stack.ssh(f'sed -i \'s|"repository": .*|"repository": "{FOLDER}",|\' {CONFIG}; rm {STATUS}')
    code, made = backup(stack, "now")
    assert code == 0, made
    stack.ssh(f"cp -a {FOLDER} {SAVED}; cp -p {STATUS} {STATUS}.whole")
    yield
    elsewhere(stack)


def test_visitors_notice_nothing_of_one_in_a_folder(stack: Stack, whole: None) -> None:
    """The sandbox's R2 computes on the cores that its visitors are served by, where a real one has its own; here is no store."""
    visited(stack)
    stack.ssh(f"rm -rf {SAVED}; cp -a {FOLDER} {SAVED}; cp -p {STATUS} {STATUS}.whole")


def elsewhere(stack: Stack) -> None:
    """As declared again: to the store."""
    stack.ssh(
        f"[ ! -e {CONFIG}.kept ] || {{ mv {CONFIG}.kept {CONFIG}; mv {STATUS}.kept {STATUS}; rm -rf {STATUS}.whole {FOLDER} {SAVED}; }}"
    )


def again(stack: Stack) -> None:
    stack.ssh(f"rm -rf {FOLDER}; cp -a {SAVED} {FOLDER}; cp -p {STATUS}.whole {STATUS}; rm -rf /var/cache/mech-backup")


def bad(stack: Stack, code: str) -> None:
    """The proof finds it, names it, and it is told like all that is wrong."""
    ends, found = backup(stack, "prove")
    assert (ends, found.get("code")) == (2, code), found
    failure = status(stack)["failure"]
    assert (failure["what"], failure["code"], failure["says"]) == ("proof", code, found["says"])
    assert left(stack) == ""


@pytest.mark.usefixtures("whole")
@pytest.mark.parametrize("code", BROKEN)
def test_a_repository_that_is_broken_is_found_by_the_proof(stack: Stack, code: str) -> None:
    again(stack)
    stack.ssh(f"cd {FOLDER} && {BROKEN[code]}")
    bad(stack, code)


@pytest.mark.usefixtures("whole")
@pytest.mark.parametrize("wrong", ["good", *CRAFTED])
def test_a_snapshot_that_is_bad_is_found_by_the_proof(stack: Stack, wrong: str) -> None:
    again(stack)
    future = "from __future__ import annotations\n"
    parts = [inspect.getsource(one).replace(future, "") for one in (dumps, craft)]
    stack.ssh("python3 -", text="\n".join([future, parts[0], "made = archive", parts[1], f"main({wrong!r}, made)"]))
    if wrong == "good":  # what is crafted is taken for a backup, where nothing is wrong with it
        code, found = backup(stack, "prove")
        assert code == 0, found
    else:
        bad(stack, CRAFTED[wrong])


@pytest.mark.usefixtures("whole")
def test_a_proof_that_failed_is_a_cause_and_drift_tells_it(stack: Stack) -> None:
    again(stack)
    stack.ssh(f"cd {FOLDER} && {BROKEN['SNAPSHOT_LOST']}")
    bad(stack, "SNAPSHOT_LOST")
    done = stack.mech("sandbox", "shell", "--", "mech", "diagnose", "--stack", STACK, "--json", check=False)
    assert "BACKUP_FAILED" in [cause["code"] for cause in json.loads(done.stdout)["causes"]]
    stack.ssh(f'sed -i -E \'s|"at": [0-9.]+|"at": 1700000000|\' {STATUS}')
    told = stack.pulumi("preview").stdout
    assert "drift: backups: last good snapshot: " in told and "(declared: within 24 h)" in told
    assert "not well: the last proof failed: the repository has no snapshot" in told


@pytest.mark.usefixtures("whole")
@pytest.mark.timeout(KILLS * 240 + 120)
def test_sigkill_at_any_moment_loses_nothing_and_locks_nobody_out(stack: Stack) -> None:
    again(stack)
    luck, known = random.Random(SEED), {one["id"] for one in backup(stack, "list")[1]["snapshots"]}
    for number in range(KILLS):
        does, after = luck.choice(["now", "prove", "prune"]), luck.uniform(0.2, 16)
        words = (
            f"restic -r {FOLDER} --password-file /etc/mech/backup/password prune --max-unused 0"
            if does == "prune"
            else f"mech-backup {does}"
        )
        # The whole group, as the kernel does it; or the program alone, whose children then end with it.
        whom = "-" if luck.random() < 0.5 else ""
        stack.ssh(
            f"setsid {words} >/dev/null 2>&1 & pid=$!; sleep {after:.2f}; kill -KILL {whom}$pid 2>/dev/null || true"
        )
        told = f"kill {number}: {does} after {after:.1f} s"
        print(told, flush=True)
        insert(stack, 1, begin=10_000 + number)
        code, made = backup(stack, "now")
        assert code == 0, f"{told}: {made}"
        code, proof = backup(stack, "prove")
        assert code == 0, f"{told}: {proof}"
        there = {one["id"] for one in backup(stack, "list")[1]["snapshots"]}
        assert known <= there and made["snapshot"] in there, told
        known = there
        assert left(stack) == "", told
    env = f"restic -r {FOLDER} --password-file /etc/mech/backup/password"
    assert stack.ssh(f"{env} list locks -q") == ""
    before = int(stack.ssh(f"du -s {FOLDER}").split()[0])
    stack.ssh(f"{env} forget -q --keep-last 1 --group-by host --prune --max-unused 0")
    assert len(backup(stack, "list")[1]["snapshots"]) == 1 and int(stack.ssh(f"du -s {FOLDER}").split()[0]) < before
    assert backup(stack, "prove")[0] == 0


def test_what_is_no_longer_declared_goes_and_the_repository_stays(stack: Stack) -> None:
    elsewhere(stack)
    held = backup(stack, "list")[1]["snapshots"]
    stack.pulumi("config", "set", "--path", "mech:backup.enabled", "false")
    stack.up()
    there = "/usr/local/sbin/mech-backup /etc/mech/backup /var/lib/mech-backup /etc/systemd/system/mech-backup.timer"
    assert stack.ssh(f"ls -d {there} 2>/dev/null || true") == ""
    assert "mech-backup" not in stack.ssh("systemctl list-timers --all --no-legend")
    assert stack.mech("backup", "list", "--stack", STACK, check=False).returncode == 1
    env = {
        "AWS_ACCESS_KEY_ID": KEYS["BACKUP_ACCESS_KEY"],
        "AWS_SECRET_ACCESS_KEY": KEYS["BACKUP_SECRET_KEY"],
        "RESTIC_PASSWORD": PASSWORD,
    }
    exported = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in env.items())
    said = stack.ssh("sh", text=f"{exported}restic -r {WHERE} --no-cache --no-lock snapshots --json\n")
    assert {one["id"] for one in json.loads(said)} >= {one["id"] for one in held}
    stack.pulumi("preview", "--expect-no-changes")
