"""No false drift: previews in a row, after a reboot, a container's restart and a prune; and what a preview costs a host.

MECH_PREVIEWS says how many in a row (default 3).
"""

from __future__ import annotations

import os
import time

import httpx
import pytest

from mech_infra.commands import sharing
from sandbox.credentials import load as credentials

from .stack import Stack

PREVIEWS = int(os.environ.get("MECH_PREVIEWS", "3"))
# Notes what each SSH session runs, then runs it.
NOTE = """cat > /usr/local/bin/note <<'END'
#!/bin/bash
printf '%s %s\\n' "$SSH_CONNECTION" "${SSH_ORIGINAL_COMMAND:0:60}" >> /tmp/sessions
exec bash -c "$SSH_ORIGINAL_COMMAND"
END
chmod 755 /usr/local/bin/note
echo 'ForceCommand /usr/local/bin/note' > /etc/ssh/sshd_config.d/note.conf
systemctl reload ssh"""


@pytest.fixture(scope="module")
def stack(platform: Stack) -> Stack:
    return platform


def clean(stack: Stack) -> float:
    """A preview without a change and without a word about drift; returns its seconds."""
    begin = time.monotonic()
    done = stack.pulumi("preview", "--expect-no-changes")
    took = time.monotonic() - begin
    said = done.stdout + done.stderr
    assert "drift:" not in said and "not looked at" not in said, said
    return took


@pytest.mark.timeout(60 * (PREVIEWS + 5))
def test_previews_in_a_row(stack: Stack) -> None:
    took = sorted(clean(stack) for _ in range(PREVIEWS))
    print(f"{PREVIEWS} previews, all clean: {took[0]:.1f} to {took[-1]:.1f} s, median {took[len(took) // 2]:.1f} s")


def test_after_a_reboot(stack: Stack) -> None:
    boot = stack.ssh("journalctl --list-boots --no-pager | wc -l; cut -d' ' -f22 /proc/1/stat")
    token = credentials(stack.settings)["vultr_api_key"]
    vultr = httpx.Client(base_url=stack.settings.vultr_url, headers={"Authorization": f"Bearer {token}"}, timeout=60)
    instance = vultr.get("/instances").json()["instances"][0]["id"]
    assert vultr.post(f"/instances/{instance}/reboot").status_code == 204
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if stack.ssh("journalctl --list-boots --no-pager | wc -l; cut -d' ' -f22 /proc/1/stat", check=False) not in (
            "",
            boot,
        ):
            break
        time.sleep(0.5)
    else:
        pytest.fail("the host did not reboot")
    assert all(entry["state"] == "ok" for entry in stack.health(120))
    clean(stack)


@pytest.mark.parametrize("name", ["mech-llms", "redis"])
def test_after_a_containers_restart(stack: Stack, name: str) -> None:
    stack.ssh(f"docker restart -t 5 {name}")
    assert all(entry["state"] == "ok" for entry in stack.health(60))
    clean(stack)


def test_after_a_prune(stack: Stack) -> None:
    stack.ssh("docker network create unused && docker create --name gone redis:alpine")
    assert "gone" not in stack.ssh("docker system prune -f >/dev/null; docker ps -a --format '{{.Names}}'").split()
    clean(stack)


def test_one_ssh_connection_for_all_our_facts(stack: Stack) -> None:
    # The connection that all share outlives the preview before, and its sessions go by sshd's former config.
    time.sleep(sharing.IDLE_S + 2)
    stack.ssh(NOTE)
    try:
        stack.ssh("rm -f /tmp/sessions")
        clean(stack)
        sessions = [
            line for line in stack.ssh("cat /tmp/sessions").splitlines() if not line.endswith("cat /tmp/sessions")
        ]
    finally:
        stack.ssh("rm -f /etc/ssh/sshd_config.d/note.conf /usr/local/bin/note; systemctl reload ssh")
    docker = [line for line in sessions if "docker system dial-stdio" in line]
    watch = [line for line in sessions if "exec python3 -c" in line]  # mech_infra.drift.watchdog's
    ours = [line for line in sessions if line not in docker and line not in watch]
    print(f"{len(docker)} sessions of the Docker provider, {len(ours)} of ours, {len(watch)} of the watch")
    # One for each half of the engine's work (refresh, plan); a quick second half ends before it gets there.
    assert 1 <= len(watch) <= 2, sessions
    assert len(ours) == 1 and "python3 -" in ours[0], sessions
