"""A host boots for real: systemd, sshd, ufw, dockerd, nginx, firewall group, disks; and leaves nothing behind."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import host, internet, steps
from sandbox.host import FirewallRule, HostSpec
from sandbox.settings import Settings, claim, load

from .stack import own

pytestmark = pytest.mark.in_order
ID = "11111111-2222-3333-4444-555555555555"


@pytest.fixture(scope="module")
def settings() -> Iterator[Settings]:
    settings = load(own("host"))
    steps.remove(settings)
    claim(settings)
    host.ensure_rootfs(settings, print)
    key = internet.ensure_home(settings)
    script = "#!/bin/sh\nsystemctl enable --now docker.service nginx.service\necho done > /var/lib/mech/flag\n"
    host.create(
        settings, HostSpec(ID, "mech-1", settings.address(100), 10, [key.with_suffix(".pub").read_text()], script, "pw")
    )
    yield settings
    steps.remove(settings)


def ssh(settings: Settings, line: str, check: bool = True) -> str:
    key = internet.ensure_home(settings)
    argv = ["ssh", "-i", str(key), "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR",
            "-o", "UserKnownHostsFile=/dev/null", "-o", "ConnectTimeout=10", f"root@{settings.address(100)}", line]  # fmt: skip
    done = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=90)
    if check and done.returncode:
        raise AssertionError(f"{line!r}: {done.returncode} {done.stdout} {done.stderr}")
    return done.stdout.strip()


def until(check: object, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not check():  # type: ignore[operator]
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.2)


def answers(settings: Settings, port: int) -> bool:
    probe = ["nc", "-z", "-w", "1", settings.address(100), str(port)]
    return internet.command(settings, probe) == 0


def test_it_is_a_debian_host_with_its_name(settings: Settings) -> None:
    assert ssh(settings, "hostname; cat /proc/1/comm") == "mech-1\nsystemd"
    until(lambda: ssh(settings, "systemctl is-system-running", check=False) in ("running",), 40)


def test_startup_script_ran_and_docker_and_nginx_are_up(settings: Settings) -> None:
    until(lambda: ssh(settings, "cat /var/lib/mech/flag", check=False) == "done")
    assert ssh(settings, "systemctl is-active docker nginx") == "active\nactive"
    assert "overlay2" in ssh(settings, "docker info --format '{{.Driver}}'")
    assert internet.command(settings, ["curl", "-sf", "-o", "/dev/null", f"http://{settings.address(100)}/"]) == 0


def test_ufw_filters_for_real(settings: Settings) -> None:
    ssh(settings, "ufw allow 22/tcp && ufw --force enable")
    assert not answers(settings, 80)
    ssh(settings, "ufw allow 80/tcp")
    assert answers(settings, 80)
    ssh(settings, "ufw --force disable")


def test_firewall_group_filters_outside_the_host(settings: Settings) -> None:
    host.set_firewall(settings, ID, [FirewallRule("v4", "tcp", "22", "0.0.0.0", 0)])
    assert not answers(settings, 80)
    until(lambda: answers(settings, 22), 5)
    host.set_firewall(settings, ID, None)
    until(lambda: answers(settings, 80), 5)  # a second is short on a machine that is busy


def test_reboot_keeps_disk_and_services(settings: Settings) -> None:
    ssh(settings, "echo kept > /root/note; docker network create kept-net")
    host.reboot(settings, ID)
    assert ssh(settings, "cat /root/note") == "kept"
    until(lambda: "kept-net" in ssh(settings, "docker network ls", check=False))
    before = ssh(settings, "cat /proc/sys/kernel/random/boot_id; systemctl show -p UserspaceTimestampMonotonic")
    ssh(settings, "systemctl reboot", check=False)
    until(lambda: ssh(settings, "systemctl show -p UserspaceTimestampMonotonic", check=False) not in ("", before))
    assert ssh(settings, "cat /var/lib/mech/flag") == "done"


def test_block_storage_keeps_data(settings: Settings) -> None:
    image = host.create_block(settings, "block-1", 1)
    host.attach_block(settings, ID, "block-1", "ewr-abc", image)
    disk = "/dev/disk/by-id/virtio-ewr-abc"
    ssh(settings, f"mkfs.ext4 -q {disk} && mkdir -p /data && mount {disk} /data && echo here > /data/x && umount /data")
    host.reboot(settings, ID)
    assert ssh(settings, f"mount {disk} /data && cat /data/x && umount /data") == "here"
    host.detach_block(settings, ID, "block-1")
    assert ssh(settings, f"ls {disk}", check=False) == ""


def test_hosts_reach_the_sandbox_only(settings: Settings) -> None:
    assert ssh(settings, "curl -s -m 3 -o /dev/null http://198.51.100.1/; echo $?") == "7"


def test_halt_and_start(settings: Settings) -> None:
    host.halt(settings, ID)
    assert host.state(settings, ID) == "stopped"
    host.start(settings, ID)
    assert host.state(settings, ID) == "running"
    assert ssh(settings, "cat /root/note") == "kept"


def test_destroy_leaves_nothing(settings: Settings) -> None:
    host.destroy(settings, ID)
    assert host.state(settings, ID) == "missing"
    assert str(settings.state) not in subprocess.run(["losetup", "-a"], capture_output=True, text=True).stdout
    assert str(settings.hosts) not in Path("/proc/self/mounts").read_text()
    assert not list(Path("/sys/class/net").glob(f"m{settings.index}-*"))
    assert not list(Path("/sys/fs/cgroup").glob(f"*/mech{settings.index}-*"))
