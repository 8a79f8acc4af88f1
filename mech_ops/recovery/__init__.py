"""What `mech recover` does on a host that runs: its data volume, its Docker, and containers that nobody noted.

`looking.py` asks the host once; `volume.py`, `docker.py` and `strays.py` each mend one thing, or say exactly what a
person must do. The order is theirs: never is Docker started before the data is there.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx

from mech_ops import host_shell
from mech_ops.hosts import Host as Member
from mech_ops.recovery import docker, looking, strays, volume
from mech_ops.recovery.looking import Host

Json = dict[str, Any]
Done = list[tuple[str, str]]


def mend(state: Json, vultr: httpx.Client, address: str, dry_run: bool, member: Member | None = None) -> Done:
    """Returns (what was found, what was done). Raises OpsError where a person has to do something.

    `member`: of a fleet another host than the first one.

    A host that goes down for a reboot meanwhile, or comes up from it, is waited for, and looked at anew.
    """
    host = Host(state, address, member)
    done: Done = []
    end = time.monotonic() + looking.BOOT_S
    while True:
        try:
            for step in _mend(host, vultr, dry_run):
                done += step
            return done
        except host_shell.Unreached:
            if time.monotonic() > end:
                raise
            time.sleep(looking.AGAIN_S)


def _mend(host: Host, vultr: httpx.Client, dry_run: bool) -> Iterator[Done]:
    facts = looking.facts(host)
    mounted = volume.mend(host, facts, vultr, dry_run)
    yield mounted
    if mounted and not dry_run:
        facts = looking.facts(host)
    yield docker.mend(host, facts, dry_run)
    if not dry_run or facts.docker_answers:
        yield strays.remove(host, dry_run)
