"""What a new host runs first, and how we wait for it."""

from __future__ import annotations

from mech_infra.commands.script import program, room, script

READY = "/var/lib/mech/ready"
PACKAGES = ("docker.io", "nginx", "ufw", "openssl", "logrotate", "ca-certificates", "curl")
UNITS = ("docker", "ssh")  # nginx is the proxy's, UFW the firewall's
_ROOM = room(__file__)


def startup_script() -> str:
    """The Vultr start-up script: packages and directories; ends by leaving READY, which `wait_ready` looks for."""
    return program(_ROOM / "startup.sh", *PACKAGES, READY=READY)


def converge() -> str:
    """Packages and units as the start-up script left them; it runs once in a host's life, this whenever they drift."""
    return script(_ROOM / "converge.sh", " ".join(UNITS), *PACKAGES)


def scan_host_key(timeout_s: int) -> str:
    """A local loop until $HOST answers with its ed25519 key; prints the key as `ssh-ed25519 AAAA…`.

    Trust on first use: the key is kept in the stack's state and verified by every later connection.
    """
    return script(_ROOM / "scan_host_key.sh", timeout_s)


def wait_ready(timeout_s: int) -> str:
    """On the host: wait until the start-up script is through and docker and nginx are active."""
    return script(_ROOM / "wait_ready.sh", READY, timeout_s)
