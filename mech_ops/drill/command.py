"""One exercise: what it costs, the new host, its data, its health; and all of it removed again, whatever happens."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pydantic
from rich.console import Console

from mech_infra.config.backup import BackupConfig
from mech_infra.config.host import HostConfig
from mech_infra.facts import wanted
from mech_ops import api, backend, up
from mech_ops.backup import restore
from mech_ops.diagnosis import mutes
from mech_ops.drill import place, removal
from mech_ops.drill.history import Drill
from mech_ops.drill.place import Json, Place
from mech_ops.errors import OpsError
from mech_ops.everyday import platform

_WELL_S, _AGAIN_S = 180.0, 2.0
_ENDS_S = 900  # an engine that lost its `mech` comes to its own end
Say = Callable[[str], None]


@dataclass
class Plan:
    """What an exercise of this stack would be: its config, where secrets are apart."""

    stack: str
    place_name: str
    plain: Json
    hidden: dict[str, str] = field(repr=False)

    @property
    def host(self) -> HostConfig:
        return HostConfig.model_validate(self.plain["mech:host"])

    @property
    def backup(self) -> BackupConfig:
        return BackupConfig.model_validate(self.plain["mech:backup"])


def planned(stack: str | None, name: str) -> Plan:
    """Raises OpsError where there is nothing to exercise."""
    drill = place.fresh_name()
    plan = Plan(name, drill, *place.drilled(place.whole(stack), drill))
    try:
        there = plan.backup
        _ = plan.host
    except pydantic.ValidationError:
        raise OpsError("nothing was begun: the stack's config is wrong; mech policy check says how") from None
    if not there.enabled or there.is_folder:
        why = "the backups are in a folder of the host, and lost with it" if there.enabled else "there are no backups"
        raise OpsError(
            f"nothing was begun: {why}; set mech:backup.enabled, and a repository elsewhere (docs/backups.md)"
        )
    return plan


def price(plan: Plan) -> str:
    """What is ordered beside what runs, as Vultr's own list has it."""
    host = plan.host
    try:
        plans = (api.ask(api.vultr(), "GET", "/plans", {"per_page": "500"}) or {}).get("plans") or []
        cost = next((one["monthly_cost"] for one in plans if one.get("id") == host.plan), None)
    except (OpsError, KeyError):
        cost = None
    says = "whose price Vultr does not say" if cost is None else f"{cost} USD a month"
    return (
        f"a second instance at Vultr ({host.plan} in {host.region}, {says}), {host.data_volume_gb} GB of block storage and a reserved "
        "address, billed by the hour until they are removed at the end"
    )


def run(plan: Plan, console: Console, say: Say) -> Drill:
    """How it went, with a sentence where it failed. Only what keeps it from being cleared away raises OpsError."""
    begin, when = time.monotonic(), dt.datetime.now(dt.UTC)
    there = place.new(plan.place_name)
    drill = Drill(
        when.isoformat(timespec="seconds"),
        mutes.me(),
        plan.stack,
        there.name,
        plan.backup.rto_minutes,
        plan.backup.rpo_hours,
    )
    phases = drill.phases

    @contextlib.contextmanager
    def phase(name: str, says: str) -> Iterator[None]:
        say(says)
        at = time.monotonic()
        try:
            yield
        finally:
            phases[name] = round(time.monotonic() - at, 1)

    with there.held():
        try:
            drill = _exercised(plan, there, drill, when.timestamp(), begin, console, say, phase)
        except OpsError as error:
            drill = dataclasses.replace(drill, failed=str(error))
        except BaseException:
            say("it is broken off")
            raise
        finally:
            with phase("remove", f"{there.name} is removed"):
                removal.remove(there.name, api.vultr())
            there.forget()
    return drill


def _exercised(
    plan: Plan, there: Place, drill: Drill, when: float, begin: float, console: Console, say: Say,
    phase: Callable[[str, str], contextlib.AbstractContextManager[None]],
) -> Drill:  # fmt: skip
    """Raises OpsError."""
    with there.entered():
        with phase("prepare", f"stack {there.name}, with a state and a passphrase of its own"):
            place.make(there, plan.plain, plan.hidden)
        with phase("up", "a host from nothing, by the engine"):
            up.up(there.name, console)
        with phase("restore", "its data, from the store"):
            newest = restore.wanted("", ())
            found = restore.look(there.name, newest, say)
            if found.says:
                raise OpsError(found.says)
            snapshot = found.result["snapshot"]
            about = {
                "snapshot": snapshot["id"], "loss_s": round(when - snapshot["at"], 1), "keys": found.result["keys"],
                "documents": sum(found.result["collections"].values()),
            }  # fmt: skip
            done = restore.live(there.name, newest, snapshot["id"], False, say)
            if done.says:
                raise OpsError(done.says)
        with phase("ask", "its services are asked, on the host itself"):
            healthy, others = well(there.name, plan.plain["mech:edge"].get("ssl", ""))
    drill = dataclasses.replace(drill, healthy=healthy, **about)
    if others:
        return dataclasses.replace(drill, failed=f"not well {_WELL_S:.0f} s after the restore: {', '.join(others)}")
    return dataclasses.replace(drill, healthy_s=round(time.monotonic() - begin, 1))


def well(stack: str, ssl: str, limit_s: float = _WELL_S) -> tuple[list[str], list[str]]:
    """(services that answer well at nginx and at each container on the host itself, the others). Raises OpsError.

    Their names lead to the running host, so nobody is asked by DNS.
    """
    there = platform.read(stack)
    asks = {"answers": wanted.asked({**there.declared, "settings": {"ssl": ssl}})["answers"]}
    end = time.monotonic() + limit_s
    while True:
        answers = there.facts(asks).get("answers") or {}
        found = {
            name: all(
                one["code"] == 200 and one["status"] == "ok" for one in (about["nginx"], *about["containers"].values())
            )
            for name, about in answers.items()
        }
        names = {name: found.get(name, False) for name in there.declared["services"]}
        if all(names.values()) or time.monotonic() > end:
            return sorted(n for n, ok in names.items() if ok), sorted(n for n, ok in names.items() if not ok)
        time.sleep(_AGAIN_S)


def clean(say: Say, limit_s: float = _ENDS_S) -> list[str]:
    """Names of exercises that were killed, and of which nothing is left now. Raises OpsError."""
    removed = []
    for there in place.known():
        try:
            with there.held():
                _ended(there, say, limit_s)
                removal.remove(there.name, api.vultr())
        except BlockingIOError:
            say(f"{there.name} is at work, and left alone")
            continue
        there.forget()
        removed.append(there.name)
    return removed


def _ended(there: Place, say: Say, limit_s: float) -> None:
    """Its engine may go on without its `mech`, and make more. Raises OpsError."""
    end = time.monotonic() + limit_s
    told = False
    while any(not backend.stale(lock) for lock in backend.locks(there.backend)):
        if not told:
            say(f"{there.name}: its engine is at work still, and waited for")
            told = True
        if time.monotonic() > end:
            raise OpsError(
                f"the engine of {there.name} does not end within {limit_s:.0f} s: end it, then mech drill --clean"
            )
        time.sleep(_AGAIN_S)
