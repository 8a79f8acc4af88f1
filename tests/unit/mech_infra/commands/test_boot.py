"""A new host: what is installed, and how it is waited for."""

from __future__ import annotations

import pytest

from mech_infra.commands import boot
from tests.unit.mech_infra.commands.rig import Rig

ALL_BUT_UFW = '[ "$2" != ufw ]'


def test_the_startup_script_installs_what_is_missing_and_leaves_its_mark(rig: Rig) -> None:
    rig.fake("dpkg", ALL_BUT_UFW)
    path = rig.bin / "startup"
    path.write_text(rig.moved(boot.startup_script()))
    path.chmod(0o755)
    rig.run("startup", shell="sh")
    assert rig.called("^apt-get") == ["apt-get update", "apt-get install -y --no-install-recommends ufw"]
    assert rig.called("^systemctl") == ["systemctl enable --now docker.service nginx.service"]
    assert rig.path(boot.READY).exists()
    assert (rig.mode("/var/lib/mech"), rig.mode("/opt/mech-services/shared/data")) == ("700", "755")


def test_a_mirror_that_fails_is_asked_again_five_times(rig: Rig) -> None:
    rig.fake("dpkg", ALL_BUT_UFW)
    rig.fake("apt-get", "exit 1")
    assert rig.run(boot.startup_script(), check=False).returncode == 1
    assert len(rig.called("apt-get update")) == 5
    assert not rig.path(boot.READY).exists()


def test_converge_touches_only_what_drifted(rig: Rig) -> None:
    assert rig.run(boot.converge()).stdout == "converged\n"
    assert rig.called("apt-get") == []
    assert rig.called("start") == ["systemctl start docker.service", "systemctl start ssh.service"]
    assert rig.called("sysctl -q") == ["sysctl -q -w net.ipv4.ip_forward=1"]
    rig.fake("dpkg", ALL_BUT_UFW)
    rig.fake("sysctl", "echo 1")
    rig.run(boot.converge())
    assert rig.called("apt-get install") == ["apt-get install -y -q --no-install-recommends ufw"]
    assert len(rig.called("sysctl -q")) == 1


def test_the_hosts_key_is_waited_for(rig: Rig) -> None:
    rig.fake(
        "ssh-keyscan",
        "[ -e $host/asked ] && echo '# hello' && echo \"$7 ssh-ed25519 AAAA\"; touch $host/asked",
    )
    done = rig.run(boot.scan_host_key(60), shell="sh", HOST="192.0.2.1", PORT="22")
    assert done.stdout == "ssh-ed25519 AAAA\n"
    assert rig.called("ssh-keyscan") == ["ssh-keyscan -T 5 -t ed25519 -p 22 192.0.2.1"] * 2


def test_a_host_without_an_answer_is_said(rig: Rig) -> None:
    done = rig.run(boot.scan_host_key(0), shell="sh", check=False, HOST="192.0.2.1", PORT="22")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "no SSH answer from 192.0.2.1 port 22 in 0 s: look at the instance's console at Vultr, and at mech:host.sshFrom, "
        "which must contain this machine's address\n"
    )


@pytest.mark.parametrize("lacks", ["docker", "nginx", "mark", ""])
def test_ready_is_all_three(rig: Rig, lacks: str) -> None:
    rig.fake("docker", f"[ {lacks or 'x'} != docker ]")
    rig.fake("systemctl", f"[ {lacks or 'x'} != nginx ]")
    if lacks != "mark":
        rig.write(boot.READY, "")
    done = rig.run(boot.wait_ready(0 if lacks else 60), check=False)
    if lacks:
        assert (done.returncode, done.stdout) == (1, "")
        assert "the start-up script did not finish in 0 s; on the host read: journalctl -b" in done.stderr
    else:
        assert (done.returncode, done.stdout) == (0, "ready\n")
