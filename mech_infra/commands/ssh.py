"""The options of every ssh to the host: our key only, the host's key as the stack remembers it, an answer in seconds."""

from __future__ import annotations

CONNECT_TIMEOUT_S = 5


def options(identity: str, host: str, host_key: str) -> list[str]:
    """For `ssh`. `identity` may hold ~ and ${VARIABLES}, which ssh expands itself: so it is the same on all machines."""
    return [
        "-o", f"IdentityFile={identity}", "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
        "-o", "StrictHostKeyChecking=yes", "-o", "UserKnownHostsFile=/dev/null", "-o", "GlobalKnownHostsFile=/dev/null",
        "-o", f"KnownHostsCommand=/bin/echo {host} {host_key}",
        "-o", f"ConnectTimeout={CONNECT_TIMEOUT_S}", "-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3",
    ]  # fmt: skip
