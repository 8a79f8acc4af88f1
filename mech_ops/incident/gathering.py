"""Everything that goes into the archive, looked at side by side. It is not redacted yet, but for the diagnosis."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console

from mech_ops import hosts, pulumi
from mech_ops.diagnosis import bundle, declared, gather, page, ranking, report
from mech_ops.diagnosis.look import Look
from mech_ops.drift import check, render
from mech_ops.drift.report import Report
from mech_ops.errors import OpsError
from mech_ops.incident import deployments, escalation, trip
from mech_ops.versions import definition

Json = dict[str, Any]
_T = TypeVar("_T")
_FILES = "files/"  # parts of the host that are files there
_NO_WAY = trip.Trip([], "the state has no way to it")
_NO_SECRETS = "the stack's secrets could not be read ({why}): only what looks like a secret is taken out"


@dataclass(frozen=True)
class Item:
    """A file of the archive: `what` it is, and with `remark` what somebody who reads it should know."""

    name: str
    what: str
    data: bytes
    remark: str = ""


@dataclass
class Gathered:
    """`missing` are sentences: what is not there, and why."""

    diagnosis: ranking.Diagnosis
    secrets: list[str]
    items: list[Item] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    contacts: dict[str, str] = field(default_factory=dict)


def gather_all(stack: str | None, given: Path | None, with_drift: bool, heard: gather.Heard) -> Gathered:
    """`given`: a bundle that was kept; the host is then not asked. Raises OpsError without a state, and without `given`."""
    with ThreadPoolExecutor() as pool:
        past = pool.submit(_attempt, lambda: deployments.look(stack))
        drifted = pool.submit(_attempt, lambda: check.check(stack)) if with_drift else None
        known = pool.submit(_attempt, lambda: _contacts(stack))
        found = _kept(stack, given) if given else _now(stack, heard)
        _diagnosed(found)
        _deployed(found, past)
        if drifted:
            _drifted(found, drifted)
        contacts, why = known.result()
        found.contacts = contacts or {}
        if why:
            found.missing.append(f"contacts (mech:incident.contacts): {why}")
    return found


def _kept(stack: str | None, given: Path) -> Gathered:
    kept = bundle.read(given)
    resources, why = _attempt(lambda: declared.state(stack))
    secrets = declared.secrets(resources) if resources else []
    found = Gathered(ranking.diagnose(Look(gather.scrubbed(kept, secrets))), secrets)
    found.missing.append(f"what the host says: not asked, since the diagnosis is the one of {given.name}")
    if why:
        found.missing.append(_NO_SECRETS.format(why=why))
    return found


def _now(stack: str | None, heard: gather.Heard) -> Gathered:
    resources = declared.state(stack)
    there = hosts.of(resources)
    with ThreadPoolExecutor(max(1, len(there))) as pool:
        asked = {host.name: pool.submit(trip.fetch, host.access) for host in there if host.access}
        seen = gather.look_at(resources, heard)
        found = Gathered(ranking.diagnose(Look(seen)), declared.secrets(resources))
        trips = {name: one.result() for name, one in asked.items()}
    if len(there) < 2:
        _told(found, next(iter(trips.values()), _NO_WAY), "host", "the host")
    for host in there if len(there) > 1 else ():
        _told(found, trips.get(host.name, _NO_WAY), f"hosts/{host.name}", host.name)
    return found


def _told(found: Gathered, host: trip.Trip, folder: str, called: str) -> None:
    """What one host said, in a folder of its own."""
    if host.missing:
        found.missing.append(f"{'a part of ' if host.parts else ''}what {called} says: {host.missing}")
    for part in sorted(host.parts, key=lambda part: part.name):
        remark = "; ".join(filter(None, [part.wrong, part.left_out]))
        if part.data or not remark:
            name = part.name if part.name.startswith(_FILES) else f"{part.name}.txt"
            found.items.append(Item(f"{folder}/{name}", part.command, _shown(part), remark))
        else:
            found.missing.append(f"{called.removeprefix('the ')}: `{part.command}`: {remark}")


def _shown(part: trip.Part) -> bytes:
    """A file as it is; what a command said below the command."""
    if part.name.startswith(_FILES):
        return part.data
    return f"$ {part.command}\n".encode() + part.data + (f"\n# {part.wrong}\n".encode() if part.wrong else b"")


def _diagnosed(found: Gathered) -> None:
    diagnosis = found.diagnosis
    console = Console(file=io.StringIO(), width=160, color_system=None, highlight=False)
    console.print(report.text(diagnosis), soft_wrap=True)
    assert isinstance(console.file, io.StringIO)
    found.items += [
        Item("diagnosis/diagnosis.txt", "mech diagnose", console.file.getvalue().encode()),
        Item("diagnosis/diagnosis.html", "mech diagnose --html", page.page(diagnosis).encode()),
        Item("diagnosis/diagnosis.json", "mech diagnose --json", (report.as_json(diagnosis) + "\n").encode()),
        Item("diagnosis/bundle.json", "for `mech diagnose --from`", diagnosis.look.bundle.text().encode()),
    ]
    found.missing += [f"facts of {source}: {why}" for source, why in diagnosis.silent.items()]


def _deployed(found: Gathered, past: Future[tuple[tuple[str, Json] | None, str]]) -> None:
    looked, why = past.result()
    if looked is None:
        found.missing.append(f"the last deployments: {why}")
        return
    text, data = looked
    found.items += [
        Item("deployments/deployments.txt", "the last updates, and the versions of each service", text.encode()),
        Item("deployments/deployments.json", "the same, for scripts", deployments.as_json(data).encode()),
    ]


def _drifted(found: Gathered, drifted: Future[tuple[Report | None, str]]) -> None:
    report_, why = drifted.result()
    if report_ is None:
        found.missing.append(f"drift: {why}")
    else:
        found.items.append(Item("drift.json", "mech drift --format json", (render.as_json(report_) + "\n").encode()))


def _contacts(stack: str | None) -> dict[str, str]:
    said = pulumi.run(pulumi.plain_config_command(stack))
    try:
        section = definition.section(json.loads(said), "incident").get("contacts") or {}
    except definition.Unreadable as why:
        raise OpsError(str(why)) from None
    return {role: str(section[role]) for role in escalation.ROLES if section.get(role)}


def _attempt(ask: Callable[[], _T]) -> tuple[_T | None, str]:
    """(what it gave, why it gave nothing): what is missing must not cost the rest."""
    try:
        return ask(), ""
    except OpsError as error:
        return None, str(error)


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(microsecond=0)
