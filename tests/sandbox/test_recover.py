"""A host that broke in each of the ways seen: `mech recover` says which, mends it, and the platform is as declared again."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx
import pytest

from mech_infra.commands.volume import DATA
from sandbox.credentials import load as credentials

from .outside import start_writing, stop_writing, written
from .stack import Stack


@pytest.fixture(scope="module")
def stack(platform: Stack) -> Stack:
    return platform


def detach(stack: Stack, live: bool) -> None:
    token = credentials(stack.settings)["vultr_api_key"]
    with httpx.Client(
        base_url=stack.settings.vultr_url, headers={"Authorization": f"Bearer {token}"}, timeout=60
    ) as vultr:
        (block,) = vultr.get("/blocks").json()["blocks"]
        assert vultr.post(f"/blocks/{block['id']}/detach", json={"live": live}).status_code == 204


def stale(stack: Stack) -> None:
    """Something else is mounted where the volume belongs, as after its disk came back under another name."""
    stack.ssh(f"mount -t tmpfs none {DATA}")


def frozen(stack: Stack) -> None:
    stack.ssh("kill -STOP $(pidof dockerd)")


def down(stack: Stack) -> None:
    stack.ssh("systemctl stop docker.socket docker.service")


def no_mount(stack: Stack) -> None:
    stack.ssh(f"systemctl stop docker.socket docker.service; umount {DATA}; systemctl stop mech-data")


def reboot(stack: Stack) -> None:
    """Not waited for: `mech recover` finds it on its way down."""
    stack.ssh("systemd-run -q --on-active=1 --timer-property=AccuracySec=100ms systemctl reboot")
    time.sleep(0.5)


WAYS: dict[str, tuple[Callable[[Stack], None], str]] = {
    "volume detached under a running host": (lambda stack: detach(stack, live=True), "was detached from host"),
    "volume detached, host rebooted for it": (lambda stack: detach(stack, live=False), "was detached from host"),
    "stale mount": (stale, "was stale"),
    "volume not mounted": (no_mount, "was not mounted"),
    "docker stopped": (down, "Docker did not run"),
    "docker frozen": (frozen, "took connections and did not answer"),
    "rebooting": (reboot, ""),
}


@pytest.mark.timeout(400)
@pytest.mark.parametrize("way", WAYS)
def test_it_is_said_and_mended(stack: Stack, way: str) -> None:
    breaks, says = WAYS[way]
    breaks(stack)
    said = " ".join(stack.mech("recover").stdout.split())
    print(f"\n{way}: {said}")
    assert says in said
    stack.well()
    assert stack.ssh(f"findmnt -no SOURCE {DATA}") == "/dev/vdb"
    assert "nothing to recover" in stack.mech("recover").stdout


@pytest.mark.timeout(400)
def test_a_frozen_docker_does_not_hold_a_preview(stack: Stack) -> None:
    start_writing(stack)
    frozen(stack)
    begin = time.monotonic()
    done = stack.pulumi("preview", check=False)
    took = time.monotonic() - begin
    print(f"\na preview under a frozen Docker: {took:.0f} s")
    assert done.returncode
    assert took < 60
    host = stack.outputs()["host_ip"]
    assert f"Docker on host {host} takes connections and does not answer" in done.stdout + done.stderr
    assert "Next: mech recover" in done.stdout + done.stderr
    stack.mech("recover")
    stack.well()
    stop_writing(stack)
    assert min(written(stack).values()) > 0
    stack.pulumi("preview", "--expect-no-changes")


@pytest.mark.timeout(300)
def test_why_docker_does_not_start_is_said(stack: Stack) -> None:
    down(stack)
    stack.ssh("mount -t tmpfs -o ro none /var/lib/docker")
    said = stack.mech("recover", check=False)
    assert said.returncode == 1
    assert "Docker does not start" in said.stderr
    assert "/var/lib/docker is missing or cannot be written" in " ".join(said.stderr.split())
    stack.ssh("umount /var/lib/docker")
    stack.mech("recover")
    stack.well()
