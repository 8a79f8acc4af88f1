"""The options of every ssh to the host: our key only, the host's key as the stack remembers it, an answer in seconds."""

from __future__ import annotations

CONNECT_TIMEOUT_S = 5
# Its exit code where it is ssh that failed, and not what it ran.
FAILED = 255
# Attempts to connect, a second apart: a host that is away for good is known to be after half a minute.
ATTEMPTS = 5
# A connection over which nothing came back for so long is dead.
_ALIVE_S, _ALIVE_COUNT = 5, 3
# Where the connection that all share is found (sharing.py): private, short (a socket's path has 107 characters at most,
# and ssh takes 17 more to make it), and ssh's own to expand.
SOCKET = "~/.ssh/mech-%h"
# The last word of the watch that an engine keeps there (mech_infra.drift.vigil): who has it is at work.
VIGIL_MARK = "mech-vigil"


def options(identity: str, host: str, host_key: str, attempts: int = 1, shared: bool = True) -> list[str]:
    """For `ssh`. `identity` may hold ~ and ${VARIABLES}, which ssh expands itself: so it is the same on all machines.

    Not `shared`: a connection of its own, whatever is there.
    """
    return [
        "-o", f"IdentityFile={identity}", "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
        "-o", "StrictHostKeyChecking=yes", "-o", "UserKnownHostsFile=/dev/null", "-o", "GlobalKnownHostsFile=/dev/null",
        "-o", f"KnownHostsCommand=/bin/echo {host} {host_key}",
        "-o", f"ConnectTimeout={CONNECT_TIMEOUT_S}",
        *(["-o", f"ConnectionAttempts={attempts}"] if attempts > 1 else []),
        "-o", f"ServerAliveInterval={_ALIVE_S}", "-o", f"ServerAliveCountMax={_ALIVE_COUNT}",
        # Never the master: one that cannot make its socket ends with an error.
        "-o", "ControlMaster=no", "-o", f"ControlPath={SOCKET if shared else 'none'}",
    ]  # fmt: skip


def interpreter(identity: str, host: str, host_key: str, attempts: int = ATTEMPTS, shared: bool = True) -> list[str]:
    """argv before a script that is to run on the host as root, by the login shell there; its stdin is the script's."""
    return ["ssh", *options(identity, host, host_key, attempts, shared), "-T", f"root@{host}"]
