"""`mech ps`: every service and database as it runs, by one trip to each host."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.markup import escape
from rich.table import Table

from mech_infra.commands.containers import IMAGE, SERVICE, SLOT, VERSION
from mech_infra.facts.host.docker import TASK
from mech_ops.errors import FOUND, OK, OpsError
from mech_ops.everyday import platform, spans
from mech_ops.everyday.platform import DATABASES, Json

_TASK = re.compile(r"\.[a-z0-9]{25}$")  # what Docker puts behind mech-llms.1
_ASKED: dict[str, Json] = {"inspected": {}, "usage": {}}


@dataclass(frozen=True)
class Row:
    """One container; memory is bytes, 0 where nobody says it; `since` is when it was started, ISO 8601.

    Of a fleet also on which `host`, and how many tasks of the service run, of how many that are wanted.
    """

    name: str  # of the service or database
    container: str
    image: str
    version: str  # of the service's definition, as its plan names it
    slot: str
    state: str
    health: str
    restarts: int
    since: str
    memory_used: int
    memory_limit: int
    wrong: str  # why it is not as it should be; empty where it is
    host: str = ""
    running: int | None = None
    wanted: int | None = None


def look(stack: str | None) -> list[Row]:
    """Raises OpsError."""
    known = platform.read(stack)
    if known.is_fleet:
        return of_a_fleet(known.declared, known.images, known.facts_of_all(_ASKED))
    return rows(known.declared, known.images, known.facts(_ASKED))


def rows(declared: Json, images: Mapping[str, str], facts: Json) -> list[Row]:
    """What is declared, there or not, and what else there is of a service; `images` by id. Raises OpsError without Docker."""
    if facts.get("docker") is None or facts.get("inspected") is None:
        raise OpsError("Docker on the host does not answer. Next: mech diagnose")
    listed = {item["name"]: item for item in facts["docker"]["containers"]}
    wanted = {name: about["service"] or name for name, about in declared["containers"].items()}
    others = {
        name: service
        for name, item in listed.items()
        if name not in wanted and (service := (item["labels"] or {}).get(SERVICE))
    }
    order = [*declared["services"], *DATABASES]
    found = [
        _row(container, name, listed.get(container), images, facts, container in wanted)
        for container, name in {**wanted, **others}.items()
    ]
    return sorted(found, key=lambda row: (order.index(row.name) if row.name in order else len(order), row.container))


def of_a_fleet(declared: Json, images: Mapping[str, str], said: Mapping[str, Json | str]) -> list[Row]:
    """What each host has, a row for each task that is missing and for each host that does not answer.

    Raises OpsError where none does.
    """
    facts = {
        host: about
        for host, about in said.items()
        if isinstance(about, dict) and about.get("docker") and about.get("inspected") is not None
    }
    silent = {
        host: about if isinstance(about, str) else "its Docker does not answer"
        for host, about in said.items()
        if host not in facts
    }
    if not facts:
        raise OpsError(
            "; ".join(f"host {host} cannot be asked: {why}" for host, why in silent.items()) + ". Next: mech diagnose"
        )
    found: list[Row] = []
    first = next(iter(said))
    for host, about in facts.items():
        listed = {item["name"]: item for item in about["docker"]["containers"]}
        for container, item in listed.items():
            service = (item["labels"] or {}).get(SERVICE)
            # What a task left behind when it ended is the swarm's to remove.
            if service and not (TASK in item["labels"] and item["state"] != "running"):
                row = _row(container, service, item, images, about, declared=True)
                found.append(dataclasses.replace(row, container=_TASK.sub("", container), host=host))
    for database in DATABASES if first in facts else ():
        about = facts[first]
        item = next((item for item in about["docker"]["containers"] if item["name"] == database), None)
        found.append(dataclasses.replace(_row(database, database, item, images, about, declared=True), host=first))
    found = _counted(
        found,
        declared,
        next((about["swarm"] for about in facts.values() if (about.get("swarm") or {}).get("manager")), None),
    )
    found += [_missing("", f"it cannot be asked: {why}", host=host, state="silent") for host, why in silent.items()]
    order = [*declared["services"], *DATABASES]
    return sorted(
        found,
        key=lambda row: (
            order.index(row.name) if row.name in order else len(order),
            not row.container,
            row.container,
            row.host,
        ),
    )


def _counted(found: Sequence[Row], declared: Json, swarm: Json | None) -> list[Row]:
    """With how many tasks run and are wanted, by the swarm's own word or else by what was seen; and a row for each missing."""
    by_name = {service["name"]: service for service in (swarm or {}).get("services") or []}
    counted = list(found)
    for name in declared["services"]:
        called = platform.swarm_name(declared, name)
        if called is None:
            continue
        seen = sum(row.name == name for row in found)
        about = by_name.get(called, {"running": 0 if swarm else seen, "wanted": declared["tasks"][called], "error": ""})
        wanted = about["wanted"]
        # The swarm counts a task on a host that is dead, too, until that one is back.
        running = min(about["running"], max(seen, wanted))
        why = about["error"] or ("" if called in by_name or not swarm else "it is not in the swarm")
        says = f"{running} of {wanted} tasks run" + (f": {why}" if why else "")
        counted += [_missing(name, says) for _ in range(max(0, wanted - max(running, seen)))]
        counted = [
            dataclasses.replace(row, running=running, wanted=wanted) if row.name == name else row for row in counted
        ]
    return counted


def _missing(name: str, wrong: str, host: str = "", state: str = "missing") -> Row:
    return Row(name, "", "", "", "", state, "", 0, "", 0, 0, wrong, host)


def _row(container: str, name: str, item: Json | None, images: Mapping[str, str], facts: Json, declared: bool) -> Row:
    about = facts["inspected"].get(container)
    if item is None or about is None:
        return Row(name, container, "", "", "", "missing", "", 0, "", 0, 0, "it is not there" if declared else "")
    labels = item["labels"] or {}
    wrong = ""
    # Who stands by in the other slot, or was refused there, serves nobody.
    if declared and about["state"] != "running":
        wrong = f"it is {about['state']}"
    elif declared and about["health"] == "unhealthy":
        wrong = "it is not healthy"
    return Row(
        name, container, labels.get(IMAGE) or images.get(item.get("image_id", "")) or images.get(item["image"], item["image"]), labels.get(VERSION, ""), labels.get(SLOT, ""), about["state"],
        about["health"], about["restarts"], about["started"] if about["state"] == "running" else "",
        ((facts.get("usage") or {}).get(container) or {}).get("used", 0), about["memory"], wrong,
    )  # fmt: skip


def wrong(found: Sequence[Row]) -> list[str]:
    """A sentence for each thing that is."""
    said = []
    for row in found:
        what = row.container or row.name
        what += f"{' on ' if what else ''}{row.host}" if row.host else ""
        said += [f"{what}: {row.wrong}"] if row.wrong else []
    return list(dict.fromkeys(said))


def exit_code(found: Sequence[Row]) -> int:
    return FOUND if any(row.wrong for row in found) else OK


def as_json(found: Sequence[Row]) -> str:
    hidden = () if any(row.host for row in found) else ("host", "running", "wanted")
    return json.dumps(
        [{key: value for key, value in dataclasses.asdict(row).items() if key not in hidden} for row in found], indent=2
    )


def table(found: Sequence[Row], now: dt.datetime) -> Table:
    """Of a fleet with the host in place of the slot, which a task has none of, and the tasks that run of those wanted."""
    shown = Table(box=None, pad_edge=False)
    fleet = any(row.host for row in found)
    place = "host" if fleet else "slot"
    for column in ("service", "container", "version", place, "state", "health", "restarts", "for", "memory"):
        shown.add_column(column, justify="right" if column in ("restarts", "memory") else "left", no_wrap=True)
    before = ""
    for row in found:
        count = f" {row.running}/{row.wanted}" if row.wanted is not None and row.name != before else ""
        before = row.name
        state = f"[red]{row.state}[/]" if row.wrong and row.state != "running" else row.state
        health = f"[red]{row.health}[/]" if row.health == "unhealthy" else row.health or "–"
        shown.add_row(
            row.name + count, row.container or "–", escape(_tag(row.image)) or "–", (row.host if fleet else row.slot) or "–", state, health, str(row.restarts),
            spans.said((now - _time(row.since)).total_seconds()) if row.since else "–", _memory(row),
        )  # fmt: skip
    return shown


def _tag(image: str) -> str:
    """Of a reference: what people call the version."""
    last = image.partition("@")[0].rpartition("/")[2]
    return (last.partition(":")[2] or last)[:20]


def _memory(row: Row) -> str:
    used = f"{row.memory_used >> 20}" if row.memory_used else "–"
    return f"{used} / {row.memory_limit >> 20} MiB" if row.memory_limit else f"{used} MiB"


def _time(text: str) -> dt.datetime:
    """Docker writes nanoseconds, of which Python reads six digits."""
    return dt.datetime.fromisoformat(re.sub(r"(\.\d{6})\d*", r"\1", text).replace("Z", "+00:00"))
