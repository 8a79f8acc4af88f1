"""What `mech recover` does on a host that runs: its data volume, its Docker, and containers that nobody noted.

`looking.py` asks the host once; `volume.py`, `docker.py` and `strays.py` each mend one thing, or say exactly what a
person must do. The order is theirs: never is Docker started before the data is there.
"""

from __future__ import annotations

from typing import Any

import httpx

from mech_ops.recovery import docker, looking, strays, volume
from mech_ops.recovery.looking import Host

Json = dict[str, Any]
Done = list[tuple[str, str]]


def mend(state: Json, vultr: httpx.Client, address: str, dry_run: bool) -> Done:
    """Returns (what was found, what was done). Raises OpsError where a person has to do something."""
    host = Host(state, address)
    facts = looking.facts(host)
    done = volume.mend(host, facts, vultr, dry_run)
    if done and not dry_run:
        facts = looking.facts(host)
    done += docker.mend(host, facts, dry_run)
    if not dry_run or facts.docker_answers:
        done += strays.remove(host, dry_run)
    return done
