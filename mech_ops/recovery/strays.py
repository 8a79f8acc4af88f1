"""Containers and networks that an `up` made and could not note, because it was killed or its connection ended.

The next `up` would find their names taken. They are ours by their label, and their ids are not in the state. A database
is given time to end: its data is on the volume.
"""

from __future__ import annotations

import re

from mech_infra.commands.containers import DATABASE_GRACE_S, MANAGED
from mech_ops.recovery.looking import Host

_OURS = f"--no-trunc --filter label={MANAGED}=pulumi --format"
_LIST = (
    f"timeout -k 1 30 docker ps -a {_OURS} 'container {{{{.ID}}}} {{{{.Names}}}}'; "
    f"timeout -k 1 30 docker network ls {_OURS} 'network {{{{.ID}}}} {{{{.Name}}}}'"
)


def remove(host: Host, dry_run: bool) -> list[tuple[str, str]]:
    """Returns (what, what was done). Raises OpsError."""
    known = {r.get("id") for r in host.state["deployment"].get("resources") or []}
    done = []
    for kind, id_, name in re.findall(r"^(container|network) ([0-9a-f]{64}) (\S+)$", host.run(_LIST, 90)[1], re.M):
        if id_ in known:
            continue
        what = f"{kind} {name}, made and not noted"
        if not dry_run:
            host.do(f"removing {kind} {name}", removal(kind, id_), DATABASE_GRACE_S + 60)
        done.append((what, "would be removed" if dry_run else "removed"))
    return done


def removal(kind: str, id_: str) -> str:
    """A container had time to end before it is removed; a network has no containers any more."""
    if kind == "network":
        return f"docker network rm {id_} >/dev/null"
    return f"docker stop -t {DATABASE_GRACE_S} {id_} >/dev/null; docker rm -f {id_} >/dev/null"
