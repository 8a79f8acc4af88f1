"""`mech ps`: every service and database as it runs, by one trip to the host."""

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
from mech_ops.errors import FOUND, OK, OpsError
from mech_ops.everyday import platform, spans
from mech_ops.everyday.platform import DATABASES, Json

_ASKED: dict[str, Json] = {"inspected": {}, "usage": {}}


@dataclass(frozen=True)
class Row:
    """One container; memory is bytes, 0 where nobody says it; `since` is when it was started, ISO 8601."""

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


def look(stack: str | None) -> list[Row]:
    """Raises OpsError."""
    known = platform.read(stack)
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
        name, container, labels.get(IMAGE) or images.get(item["image"], item["image"]), labels.get(VERSION, ""), labels.get(SLOT, ""), about["state"],
        about["health"], about["restarts"], about["started"] if about["state"] == "running" else "",
        ((facts.get("usage") or {}).get(container) or {}).get("used", 0), about["memory"], wrong,
    )  # fmt: skip


def exit_code(found: Sequence[Row]) -> int:
    return FOUND if any(row.wrong for row in found) else OK


def as_json(found: Sequence[Row]) -> str:
    return json.dumps([dataclasses.asdict(row) for row in found], indent=2)


def table(found: Sequence[Row], now: dt.datetime) -> Table:
    shown = Table(box=None, pad_edge=False)
    for column in ("service", "container", "version", "slot", "state", "health", "restarts", "for", "memory"):
        shown.add_column(column, justify="right" if column in ("restarts", "memory") else "left", no_wrap=True)
    for row in found:
        state = f"[red]{row.state}[/]" if row.wrong and row.state != "running" else row.state
        health = f"[red]{row.health}[/]" if row.health == "unhealthy" else row.health or "–"
        shown.add_row(
            row.name, row.container, escape(_tag(row.image)) or "–", row.slot or "–", state, health, str(row.restarts),
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
