"""What a new host runs first, and how we wait for it."""

from __future__ import annotations

from mech_infra.commands.script import program, room, script

READY = "/var/lib/mech/ready"
PACKAGES = ("docker.io", "nginx", "ufw", "openssl", "logrotate", "ca-certificates", "curl")
UNITS = ("docker", "ssh")  # nginx is the proxy's, UFW the firewall's
SCRIPT = "/usr/local/sbin/mech-boot"
_UNIT = "/etc/systemd/system/mech-boot.service"
# Seconds for another apt to let go of its locks: at boot nobody waits for it, `converge` has limits.PACKAGES_LIMIT_S.
_BOOT_WAIT_S, _CONVERGE_WAIT_S = 3600, 600
# All of ours share one connection (sharing.py), in which sshd lets ten sessions be unless it is told otherwise.
SSHD = "/etc/ssh/sshd_config.d/10-mech.conf"
SSHD_TEXT = "MaxSessions 100\n"
_SSHD_WANTED = "/var/lib/mech/sshd.conf"
_ROOM = room(__file__)


def startup_script() -> str:
    """The Vultr start-up script. It leaves a unit that installs packages and makes folders, at each boot until it is
    through; its end is READY, which `wait_ready` looks for."""
    put = {
        SCRIPT: ("755", program(_ROOM / "mech-boot.sh", _BOOT_WAIT_S, *PACKAGES, READY=READY)),
        _UNIT: ("644", (_ROOM / "mech-boot.service").read_text()),
    }
    return "\n".join(["#!/bin/sh", script(_ROOM / "startup.sh", put=put), ""])


def converge() -> str:
    """Packages and units as mech-boot left them; that is done once in a host's life, this whenever they drift."""
    put = {_SSHD_WANTED: ("644", SSHD_TEXT)}
    arguments = (" ".join(UNITS), _SSHD_WANTED, SSHD, _CONVERGE_WAIT_S, *PACKAGES)
    return script(_ROOM / "converge.sh", *arguments, put=put)


def scan_host_key(timeout_s: int) -> str:
    """A local loop until $HOST answers with its ed25519 key; prints the key as `ssh-ed25519 AAAA…`.

    Trust on first use: the key is kept in the stack's state and verified by every later connection.
    """
    return script(_ROOM / "scan_host_key.sh", timeout_s)


def wait_ready(timeout_s: int) -> str:
    """On the host: wait until mech-boot is through and docker and nginx are active."""
    return script(_ROOM / "wait_ready.sh", READY, timeout_s)
