"""`mech history` and `mech rollback` with the engine: what it had, what it is told, when the service was switched."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from mech_ops import pulumi, stack_config, up
from mech_ops.errors import OpsError
from mech_ops.versions import definition, history, rollback, words
from mech_ops.versions.history import History
from mech_ops.versions.rollback import Plan


def look(stack: str | None, service: str) -> History:
    """Raises OpsError."""
    definition.known(service)
    entries, state = past(stack)
    return history.read(entries, service, history.switched(state, service))


def past(stack: str | None) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """(the engine's updates, newest first; the state), as `history.read` takes them. Raises OpsError."""
    # Side by side: each takes most of its time to start.
    with ThreadPoolExecutor() as pool:
        entries, state = pool.map(stack_config.answer, (pulumi.history_command(stack), pulumi.export_command(stack)))
    return entries, state or {}


def plan(stack: str | None, service: str, to: int | None) -> Plan:
    """What would be done; nothing is changed. Raises OpsError."""
    definition.known(service)
    stack_config.nobody_at_work(stack)
    with ThreadPoolExecutor() as pool:
        found, config = pool.submit(look, stack, service), pool.submit(stack_config.current, stack)
        past = found.result()
        if past.serving is None and past.trail:
            raise OpsError("this stack is not up, so nothing can be rolled back; bring it up first (`pulumi up`)")
        return rollback.plan(past, config.result(), to)


@dataclass
class Times:
    """Seconds from the beginning; `switched` None: nginx passes to that version already."""

    switched: float | None
    ended: float

    def words(self, plan: Plan) -> str:
        if plan.serves or self.switched is None:
            return (
                f"{plan.service} goes on serving {words.short(plan.to)}; "
                f"config and stack agree {self.ended:.1f} s after the command"
            )
        stays = f"\n{plan.pinned} holds it there until you set it anew or remove it" if plan.pinned else ""
        return (
            f"{plan.service} serves {words.short(plan.to)} {self.switched:.1f} s after the command; "
            f"`pulumi up` ended after {self.ended:.1f} s{stays}"
        )


def carry_out(stack: str | None, wanted: Plan, begin: float, console: Console) -> Times:
    """Change the config and run `pulumi up`; `begin` is a time.monotonic(). Raises OpsError."""
    stack_config.apply(stack, wanted.changes, "nothing was rolled back")
    times = Times(None, 0)

    def hear(event: dict[str, Any]) -> None:
        about = (event.get("resOutputsEvent") or {}).get("metadata") or {}
        done = about.get("op") in ("create", "update", "create-replacement")
        if times.switched is None and done and about["urn"].endswith(f"::{history.step(wanted.service, 'switch')}"):
            times.switched = time.monotonic() - begin

    try:
        up.up(stack, console, hear=hear)
    except OpsError as error:
        served = "" if times.switched is None else f"; {wanted.service} was switched after {times.switched:.1f} s"
        raise OpsError(f"{error}. The config has {words.short(wanted.to)} of {wanted.service} now{served}") from None
    times.ended = time.monotonic() - begin
    return times
