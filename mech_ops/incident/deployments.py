"""What was deployed last: the stack's updates, and which version of each service served when."""

from __future__ import annotations

import io
import json
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mech_infra import catalogue
from mech_ops.versions import going_back, history, words

Json = dict[str, Any]
UPDATES = 20


def look(stack: str | None) -> tuple[str, Json]:
    """(for people, for scripts). Raises OpsError."""
    entries, state = going_back.past(stack)
    found = {name: history.read(entries, name, history.switched(state, name)) for name in catalogue.SERVICES}
    updates = [_update(entry) for entry in entries[:UPDATES]]
    console = Console(file=io.StringIO(), width=160, color_system=None, highlight=False)
    console.print(f"The last {len(updates)} of {len(entries)} updates, newest first (UTC)\n", markup=False)
    console.print(_table(updates))
    for name, past in found.items():
        console.print(f"\n{name}", markup=False)
        console.print(words.table(past) if past.versions else "no version of it was ever brought up")
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue(), {
        "updates": updates, "services": {name: words.rows(past) for name, past in found.items()},
    }  # fmt: skip


def as_json(found: Json) -> str:
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _update(entry: Json) -> Json:
    """Of the engine's entry what says something here; its config is long, and in the stack's file."""
    changes = {kind: count for kind, count in (entry.get("resourceChanges") or {}).items() if kind != "same"}
    return {
        "version": entry.get("version"), "kind": entry.get("kind", ""), "result": entry.get("result", ""),
        "began": entry.get("startTime", ""), "ended": entry.get("endTime", ""), "changes": changes,
        "message": str(entry.get("message") or "").strip(), "by": _by(entry.get("environment") or {}),
    }  # fmt: skip


def _by(environment: Json) -> str:
    commit = str(environment.get("git.head") or "")[:12]
    return ", ".join(filter(None, [environment.get("git.author"), f"commit {commit}" if commit else ""]))


def _table(updates: list[Json]) -> Table:
    shown = Table(box=None, pad_edge=False)
    for column in ("", "what", "result", "began", "took", "changed", "message", "by"):
        shown.add_column(column, justify="right" if not column else "left", overflow="fold")
    for one in updates:
        changed = ", ".join(f"{count} {kind}" for kind, count in one["changes"].items()) or "nothing"
        cells = (str(one["version"] or ""), one["kind"], one["result"], one["began"], _took(one), changed,
                 one["message"].partition("\n")[0], one["by"])  # fmt: skip
        shown.add_row(*map(escape, map(str, cells)))
    return shown


def _took(update: Json) -> str:
    try:
        ended, began = (datetime.fromisoformat(update[key].replace("Z", "+00:00")) for key in ("ended", "began"))
    except ValueError:
        return ""
    return f"{(ended - began).total_seconds():.0f} s"
