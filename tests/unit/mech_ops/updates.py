"""A stack's history as the engine tells it, made of updates of the service `search`."""

from __future__ import annotations

from typing import Any

from mech_ops.versions import history, rollback, words
from mech_ops.versions.history import History

Json = dict[str, Any]
IMAGE = "ghcr.io/mech-is/mech-search"


def config(services: Json | None = None, **sections: Any) -> Json:
    """As the CLI gives it."""
    wanted = {**sections, **({"services": services} if services is not None else {})}
    found: Json = {
        f"mech:{name}": {"value": "", "objectValue": value, "secret": False} for name, value in wanted.items()
    }
    return {**found, "mech:domain": {"value": "mech.is", "secret": False}, "mech:GITHUB_TOKEN": {"secret": True}}


def search(**settings: Any) -> Json:
    return config({"search": settings})


def past(*updates: tuple[Json, str] | Json | str, switched: str | None = None) -> History:
    """Of search: updates a minute apart from 10:00 on, oldest first, each 30 s long: a config, or with "failed", or a kind."""
    entries = []
    for minute, update in enumerate(updates):
        about, result = update if isinstance(update, tuple) else (update, "succeeded")
        kind, about = (about, {}) if isinstance(about, str) else ("update", about)
        at = f"2026-11-26T10:{minute:02}"
        times = {"startTime": f"{at}:00.000Z", "endTime": f"{at}:30.000Z"}
        entries.append({"version": 0, "kind": kind, "result": result, "config": about, **times})
    state = {"deployment": {"resources": [{"urn": "urn::services-search-watch", "modified": switched}]}}
    return history.read(entries[::-1], "search", history.switched(state, "search"))


def told(found: History) -> list[tuple[int, str, str, str]]:
    """Newest first: number, tag, result, from and to (minutes)."""

    def minute(text: str | None) -> str:
        return text[14:16] if text else "now"

    return [
        (row["number"], row["version"], row["result"], f"{minute(row['from'])}-{minute(row['to'])}")
        for row in words.rows(found)
    ]


def back(found: History, now: Json, to: int | None = None) -> rollback.Plan:
    return rollback.plan(found, now, to)


def changes(plan: rollback.Plan) -> dict[str, Any]:
    return {change.key.removeprefix("mech:services.search"): change.after for change in plan.changes}
