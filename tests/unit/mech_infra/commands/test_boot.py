"""A new host: what is installed, and how it is waited for."""

from __future__ import annotations

import pytest

from mech_infra.commands import boot
from tests.unit.mech_infra.commands.rig import Rig

INSTALLED = "echo 'Status: install ok installed'"
# dpkg -s of ufw fails until apt-get has installed it.
ALL_BUT_UFW = f'[ "$1" = -s ] || exit 0; [ "$2" != ufw ] || [ -e $host/ufw ] || exit 1; {INSTALLED}'
INSTALLS = 'case "$*" in *install*) touch $host/ufw ;; esac'
# As apt and dpkg say it (Debian 12).
LOCKS = (
    "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 1234 (apt-get)",
    "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 1234 (unattended-upgr)",
    "dpkg: error: dpkg frontend lock was locked by another process with pid 1234",
)
UPDATE, INSTALL = "apt-get update -q", "apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=60 ufw"


@pytest.fixture
def booted(rig: Rig) -> Rig:
    """A host on which the start-up script ran: mech-boot is there, and nothing has run it."""
    path = rig.bin / "startup"
    path.write_text(rig.moved(boot.startup_script()))
    path.chmod(0o755)
    rig.run("startup", shell="sh")
    return rig


def test_the_startup_script_leaves_a_unit_that_is_begun_and_not_waited_for(booted: Rig) -> None:
    assert booted.called("systemctl") == [
        "systemctl daemon-reload", "systemctl enable -q mech-boot.service", "systemctl start --no-block mech-boot.service",
    ]  # fmt: skip
    assert booted.mode(boot.SCRIPT) == "755"
    unit = booted.read("/etc/systemd/system/mech-boot.service")
    assert f"ExecStart={booted.moved(boot.SCRIPT)}" in unit
    # It goes on until it is through: when it fails, and after a reboot.
    assert {"Restart=on-failure", f"ConditionPathExists=!{booted.moved(boot.READY)}", "WantedBy=multi-user.target"} <= {
        *unit.splitlines()
    }


def test_it_installs_what_is_missing_leaves_its_mark_and_never_runs_again(booted: Rig) -> None:
    booted.fake("dpkg", ALL_BUT_UFW)
    booted.fake("apt-get", INSTALLS)
    booted.forget()
    booted.run(boot.SCRIPT, shell="sh")
    assert booted.called("^apt-get") == [UPDATE, INSTALL]
    assert booted.called("^systemctl") == [
        "systemctl enable --now docker.service nginx.service", "systemctl disable -q mech-boot.service",
    ]  # fmt: skip
    assert booted.path(boot.READY).exists()
    assert (booted.mode("/var/lib/mech"), booted.mode("/opt/mech-services/shared/data")) == ("700", "755")


def test_nginx_begins_without_debians_welcome_page(booted: Rig) -> None:
    enabled, available = (booted.path(f"/etc/nginx/sites-{kind}/default") for kind in ("enabled", "available"))
    for path in (enabled, available):
        path.parent.mkdir(parents=True, exist_ok=True)
    available.write_text("server { listen 80 default_server; }")
    enabled.symlink_to(available)
    # The package's postinst makes the link where nothing is at its place.
    booted.fake("dpkg", ALL_BUT_UFW)
    booted.fake("apt-get", f"[ -e {enabled} ] && [ ! -L {enabled} ] && echo ours >{enabled.parent}/order; {INSTALLS}")
    booted.run(boot.SCRIPT, shell="sh")
    assert (enabled.parent / "order").read_text() == "ours\n" and enabled.read_text() == ""
    assert "listen" in available.read_text()


def test_a_mirror_that_fails_is_asked_again_five_times(booted: Rig) -> None:
    booted.fake("dpkg", ALL_BUT_UFW)
    booted.fake("apt-get", "echo 'E: Failed to fetch http://deb.debian.org/x' >&2; exit 100")
    done = booted.run(boot.SCRIPT, check=False)
    assert done.returncode == 1
    assert done.stderr == "not installed: ufw (E: Failed to fetch http://deb.debian.org/x)\n"
    assert booted.called("^apt-get") == [UPDATE] * 5
    assert not booted.path(boot.READY).exists()


@pytest.mark.parametrize("lock", LOCKS)
def test_another_apt_is_waited_for_longer_than_a_mirror(booted: Rig, lock: str) -> None:
    booted.fake("dpkg", ALL_BUT_UFW)
    held = f'echo x >>$host/n; [ $(wc -l <$host/n) -gt 20 ] || {{ echo "{lock}" >&2; exit 100; }}; {INSTALLS}'
    booted.fake("apt-get", held)
    booted.run(boot.SCRIPT)
    assert len(booted.called("^apt-get update")) == 21 and booted.called("^apt-get install") == [INSTALL]
    assert booted.path(boot.READY).exists()


def test_what_was_cut_short_while_it_unpacked_is_not_installed(booted: Rig) -> None:
    unpacked = "echo 'Status: install ok unpacked'"
    booted.fake(
        "dpkg", f'[ "$1" = -s ] || {{ touch $host/ufw; exit 0; }}; [ -e $host/ufw ] && {INSTALLED} || {unpacked}'
    )
    booted.run(boot.SCRIPT)
    assert booted.called("dpkg --configure") == ["dpkg --configure -a"]


@pytest.fixture
def sshd(rig: Rig) -> Rig:
    rig.write(boot.SSHD, boot.SSHD_TEXT)
    rig.path(boot.SSHD).chmod(0o644)
    return rig


@pytest.mark.parametrize("drift", ["missing", "edited", "mode"])
def test_sshds_settings_are_put_back_and_taken_in(sshd: Rig, drift: str) -> None:
    sshd.fake("dpkg", INSTALLED)
    path = sshd.path(boot.SSHD)
    {"missing": path.unlink, "edited": lambda: path.write_text("x"), "mode": lambda: path.chmod(0o600)}[drift]()
    for reloads in (1, 0):
        sshd.forget()
        sshd.run(boot.converge())
        assert (sshd.read(boot.SSHD), sshd.mode(boot.SSHD)) == (boot.SSHD_TEXT, "644")
        assert len(sshd.called("systemctl reload ssh.service")) == reloads


def test_converge_touches_only_what_drifted(sshd: Rig) -> None:
    rig = sshd
    rig.fake("dpkg", INSTALLED)
    assert rig.run(boot.converge()).stdout == "converged\n"
    assert rig.called("apt-get|--configure|reload") == []
    assert rig.called("start") == ["systemctl start docker.service", "systemctl start ssh.service"]
    assert rig.called("sysctl -q") == ["sysctl -q -w net.ipv4.ip_forward=1"]
    rig.fake("dpkg", ALL_BUT_UFW)
    rig.fake("apt-get", INSTALLS)
    rig.fake("sysctl", "echo 1")
    assert rig.run(boot.converge()).stdout.endswith("converged\n")
    assert rig.called("^apt-get") == [UPDATE, INSTALL]
    assert len(rig.called("sysctl -q")) == 1


def test_converge_does_not_say_so_where_a_package_is_still_missing(rig: Rig) -> None:
    rig.fake("dpkg", ALL_BUT_UFW)
    for fails in ("update", "install"):
        rig.fake("apt-get", f'case "$*" in {fails}*) echo "E: no luck" >&2; exit 100 ;; esac')
        done = rig.run(boot.converge(), check=False)
        assert done.returncode == 1
        assert "converged" not in done.stdout
        assert "not installed: ufw (E: no luck)" in done.stderr


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
        assert "did not get ready in 0 s: it goes on by itself, also after a reboot" in done.stderr
        assert "journalctl -u mech-boot" in done.stderr
    else:
        assert (done.returncode, done.stdout) == (0, "ready\n")
