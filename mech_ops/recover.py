"""Puts a stack right after `pulumi up` was killed: the lock, the pending operations, and what was made but not noted;
and after the host was halted or lost (mech_ops.host_state), or something on it broke (mech_ops.recovery).

The engine writes "creating" into the state before it asks a provider, so whatever a killed run made is either noted as
made or stands there as pending. For each pending create we look for the thing by the name that only this program gives,
and remove it when the state does not know its id: the next `pulumi up` makes it anew. Never removed: the databases'
block storage (the program finds it by label and adopts it) and anything whose id is in the state.
"""

from __future__ import annotations

import json
import os
from typing import Any

from mech_ops import backend, host_state, pulumi
from mech_ops.errors import OpsError
from mech_ops.orphans import Vendors

Json = dict[str, Any]


def pending(state: Json) -> list[Json]:
    """The operations that were under way when the engine ended."""
    return list(state.get("deployment", {}).get("pending_operations") or [])


def known_ids(state: Json) -> set[str]:
    return {r["id"] for r in state.get("deployment", {}).get("resources") or [] if r.get("id")}


def cleared(state: Json) -> Json:
    """The same state without pending operations."""
    deployment = {key: value for key, value in state["deployment"].items() if key != "pending_operations"}
    return {**state, "deployment": deployment}


def recover(
    stack: str | None, dry_run: bool = False, force: bool = False, reboot: bool = False
) -> list[tuple[str, str]]:
    """Do all of it; returns (what, what was done). An empty list: there was nothing. Raises OpsError."""
    done: list[tuple[str, str]] = []
    place = os.environ.get("PULUMI_BACKEND_URL")
    held = backend.locks(place)
    if held and not force and not all(backend.stale(lock) for lock in held):
        raise OpsError("another `pulumi` is at work on this stack; wait for it, or use --force if you know it is dead")
    for note in backend.broken_notes(place):
        if not dry_run:
            note.unlink(missing_ok=True)
        done.append((f"{note.name}, half-written", "would be removed" if dry_run else "removed"))
    if held:
        if not dry_run:
            pulumi.run(pulumi.cancel_command(stack))
        done.append(("stack lock of a process that is gone", "released"))
    state: Json = json.loads(pulumi.run(pulumi.export_command(stack)))
    operations = pending(state)
    if not operations and host_state.instance(state) is None and not host_state.to_come(state):
        return done
    vendors, ids = Vendors(), known_ids(state)
    healed, told = host_state.recover(state, vendors.vultr, dry_run, reboot)
    done += told
    if not operations:
        if healed is not state:
            pulumi.run(pulumi.import_command(stack), json.dumps(healed))
        return done
    for operation in operations:
        for orphan in vendors.find(operation, ids):
            if dry_run:
                done.append((orphan.what, "would be removed"))
            else:
                vendors.remove(orphan)
                done.append((orphan.what, "removed"))
    if not dry_run:
        pulumi.run(pulumi.import_command(stack), json.dumps(cleared(healed)))
    done.append((f"{len(operations)} pending operation(s)", "cleared" if not dry_run else "would be cleared"))
    return done
