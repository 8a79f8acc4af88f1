"""`mech drill` on the real thing: a second host from nothing with the data, while the first one serves; and nothing of it stays."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from mech_infra.catalogue import SERVICES
from sandbox.credentials import VENDOR_KEYS

from .stack import REPO, STACK, Stack, project

SECRETS = {
    "BACKUP_PASSWORD": "planted-backup-password-0123456789",
    "BACKUP_ACCESS_KEY": VENDOR_KEYS["r2_backup_access_key"],
    "BACKUP_SECRET_KEY": VENDOR_KEYS["r2_backup_secret_key"],
}
REPOSITORY = "s3:https://sandbox.r2.cloudflarestorage.com/mech-backup/drilled"


@pytest.fixture(scope="module")
def stack(platform: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """With a config of its own, in which backups are declared, and a snapshot of a job and a key."""
    folder = project(tmp_path_factory.mktemp("drill"))
    about = yaml.safe_load((REPO / f"Pulumi.{STACK}.yaml").read_text())
    about["config"]["mech:backup"] = {"enabled": True, "repository": REPOSITORY}
    (folder / f"Pulumi.{STACK}.yaml").write_text(yaml.safe_dump(about))
    there = Stack(platform.settings, folder)
    for name, value in SECRETS.items():
        argv = ["pulumi", "config", "set", "--secret", f"mech:{name}", "--stack", STACK, "--non-interactive"]
        subprocess.run(argv, cwd=folder, env=there.env, input=value, text=True, check=True, capture_output=True)
    there.up()
    there.ssh(
        "docker exec redis redis-cli set drilled 1 && curl -sf -H 'Content-Type: application/json' -d '{\"text\":\"drilled\"}' "
        "127.0.0.1:3010/memories"
    )
    there.mech("backup", "now", "--stack", STACK)
    yield there


@pytest.fixture
def env(stack: Stack, tmp_path: Path) -> dict[str, str]:
    return {**stack.env, "XDG_STATE_HOME": str(tmp_path)}


def begun(stack: Stack, env: dict[str, str], *words: str) -> subprocess.Popen[str]:
    argv = [str(Path(sys.prefix) / "bin" / "mech"), "drill", "--stack", STACK, *words]
    return subprocess.Popen(
        argv,
        cwd=stack.folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def snapshots(stack: Stack) -> list[str]:
    found = json.loads(stack.mech("backup", "list", "--stack", STACK, "--json").stdout)["snapshots"]
    return [one["id"] for one in found]


@pytest.mark.timeout(900)
def test_a_host_from_nothing_has_the_data_and_goes_again(stack: Stack, env: dict[str, str], tmp_path: Path) -> None:
    before, known, running = (
        stack.inventory(),
        snapshots(stack),
        stack.ssh("docker ps --format '{{.ID}} {{.Names}}' | sort"),
    )
    page = tmp_path / "drills.html"
    process = begun(stack, env, "--json", "--html", str(page))
    said, heard = process.communicate(timeout=800)
    assert process.returncode == 0, f"{said}\n{heard}"
    found = json.loads(said)
    print(f"\nwell after {found['healthy_s']} s, data loss {found['loss_s']} s, phases {found['phases']}")
    assert found["healthy"] == sorted(SERVICES) and found["in_time"] and found["fresh"]
    assert (found["snapshot"], found["keys"] >= 2, found["documents"] >= 2) == (known[-1], True, True)
    # What runs was not touched, and nothing of the exercise is left.
    assert stack.inventory() == before
    assert snapshots(stack) == known
    assert stack.ssh("docker ps --format '{{.ID}} {{.Names}}' | sort") == running
    stack.well()
    stack.pulumi("preview", "--expect-no-changes")
    assert not list((tmp_path / "mech/drills").iterdir())
    assert found["name"] in page.read_text()
    for secret in SECRETS.values():
        assert secret not in said + heard + page.read_text()


@pytest.mark.timeout(900)
def test_whoever_ends_it_takes_what_was_made_away(stack: Stack, env: dict[str, str], tmp_path: Path) -> None:
    before = stack.inventory()
    process = begun(stack, env)
    until_made(stack, before)
    os.killpg(process.pid, signal.SIGTERM)  # as Ctrl-C, which a test in the background is deaf to
    said, heard = process.communicate(timeout=400)
    assert process.returncode, f"{said}\n{heard}"
    assert stack.inventory() == before, f"{said}\n{heard}"
    assert not list((tmp_path / "mech/drills").iterdir())


@pytest.mark.timeout(900)
def test_what_a_kill_left_is_cleaned(stack: Stack, env: dict[str, str], tmp_path: Path) -> None:
    before = stack.inventory()
    process = begun(stack, env)
    until_made(stack, before)
    process.kill()
    process.communicate(timeout=30)
    cleaned = begun(stack, env, "--clean")
    said, heard = cleaned.communicate(timeout=400)
    assert cleaned.returncode == 0 and "removed: drill-" in said, f"{said}\n{heard}"
    assert stack.inventory() == before
    assert not list((tmp_path / "mech/drills").iterdir())
    stack.well()


def until_made(stack: Stack, before: dict[str, int]) -> None:
    """It has made its host."""
    end = time.monotonic() + 120
    while stack.inventory()["instances"] == before["instances"]:
        assert time.monotonic() < end, "no host is made"
        time.sleep(1)
    time.sleep(3)
