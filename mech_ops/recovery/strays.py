"""What an `up` made in Docker and could not note, because it was killed or its connection ended.

The next `up` would find their names taken. They are ours by their label, and their ids are not in the state. A database
is given time to end: its data is on the volume.
"""

from __future__ import annotations

import re

from mech_infra.commands.containers import DATABASE_GRACE_S, MANAGED
from mech_infra.commands.script import room, script
from mech_ops.recovery.looking import Host

_ROOM = room(__file__)


def remove(host: Host, dry_run: bool) -> list[tuple[str, str]]:
    """Returns (what, what was done). Raises OpsError."""
    known = {r.get("id") for r in host.state["deployment"].get("resources") or []}
    done = []
    for kind, id_, name in re.findall(r"^(\w+) ([0-9a-f]{64}|[0-9a-z]{25}) (\S+)$", host.run(listing(), 90)[1], re.M):
        if id_ in known:
            continue
        what = f"{kind} {name}, made and not noted"
        if not dry_run:
            host.do(f"removing {kind} {name}", removal(kind, id_), DATABASE_GRACE_S + 60)
        done.append((what, "would be removed" if dry_run else "removed"))
    return done


def listing() -> str:
    """Prints `KIND ID NAME` for all that is ours by its label, services first: what they use cannot go before them."""
    return script(_ROOM / "list.sh", f"{MANAGED}=pulumi")


def removal(kind: str, id_: str) -> str:
    """A container had time to end before it is removed; nothing uses a network or secret any more."""
    return script(_ROOM / "remove.sh", kind, id_, DATABASE_GRACE_S)
