"""`pulumi up` killed with SIGKILL at random moments: `mech recover` and one more `up` converge, without duplicates.

MECH_KILL_ROUNDS says how many times (default 2); MECH_KILL_SEED makes the moments the same again.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import pytest

from mech_infra.catalogue import SERVICES
from sandbox import steps

from .stack import Stack, make, orphans

ROUNDS = int(os.environ.get("MECH_KILL_ROUNDS", "2"))
SEED = int(os.environ.get("MECH_KILL_SEED", "0")) or random.randrange(1, 10**6)
WHOLE = {"instances": 1, "ssh-keys": 1, "startup-scripts": 1, "firewalls": 1, "reserved-ips": 1, "blocks": 1, "dns": 8}


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    stack = make("kill")
    yield stack
    steps.remove(stack.settings)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("number", range(ROUNDS))
def test_a_killed_up_is_recovered(stack: Stack, number: int) -> None:
    moment = random.Random(SEED * 1000 + number).uniform(4.0, 48.0)
    print(f"seed {SEED}, round {number}: SIGKILL after {moment:.2f} s")
    was_at_work = stack.killed_up(moment)
    said = stack.mech("recover", "--stack", "sandbox").stdout
    print(f"still at work: {was_at_work}\n{said}")
    stack.up()
    stack.well()
    assert stack.inventory() == WHOLE
    names = stack.ssh("docker ps -a --format '{{.Names}}'").split()
    assert sorted(names) == sorted(["redis", "mongodb", *(service.container_name for service in SERVICES.values())])
    stack.pulumi("preview", "--expect-no-changes", "--refresh")
    assert orphans() == []
    stack.destroy()
