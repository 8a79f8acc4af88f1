"""How long what talks to the host may take, so that nothing hangs: seconds, and the engine's option made of them.

A dead connection is known by ssh's keep-alives in some seconds, and a Docker that does not answer by the watchdog
(mech_infra.drift.watchdog); these limits are for the rest, and long enough for slow machines and slow networks.
"""

from __future__ import annotations

import pulumi

COMMAND_LIMIT_S = 300
# apt, when the start-up script's packages are to be put back.
PACKAGES_LIMIT_S = 900
NETWORK_LIMIT_S = 120
PULL_LIMIT_S = 1200
CONTAINER_LIMIT_S = 300


def within(create_s: int, delete_s: int | None = None) -> pulumi.CustomTimeouts:
    """Create and update end after `create_s` seconds, delete after `delete_s` (None: the same)."""
    create, delete = f"{create_s}s", f"{create_s if delete_s is None else delete_s}s"
    return pulumi.CustomTimeouts(create=create, update=create, delete=delete)


def container(grace_s: int) -> pulumi.CustomTimeouts:
    """For a container that gets `grace_s` seconds to end: its delete waits for longer than that."""
    return within(CONTAINER_LIMIT_S, grace_s + 60)
