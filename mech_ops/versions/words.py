"""Versions in words: what one has that another has not, and the table of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from rich.markup import escape
from rich.table import Table

from mech_ops.versions.definition import Definition
from mech_ops.versions.history import History, Version


def differs(now: Definition, before: Definition) -> list[str]:
    """As `image 1.0.1`, `memoryMb 900`, `environment A`; values of the environment are not shown."""
    found = []
    if now.image != before.image:
        same = now.image.removesuffix(now.tag) == before.image.removesuffix(before.tag)
        found.append(f"image {now.tag if same else now.image}")
    for name, attribute in (("memoryMb", "memory_mb"), ("cpus", "cpus"), ("port", "port")):
        value = getattr(now, attribute)
        if value != getattr(before, attribute):
            found.append(f"{name} {value:g}")
    for name in sorted({*now.environment, *before.environment}):
        if now.environment.get(name) != before.environment.get(name):
            found.append(f"{'environment' if name in now.environment else 'without environment'} {name}")
    return found


def short(version: Version) -> str:
    return f"version {version.number} ({version.definition.tag})"


def moment(at: datetime | None) -> str:
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S") if at else ""


def rows(history: History) -> list[dict[str, Any]]:
    """For scripts, newest first; times are UTC."""
    return [
        {
            "number": version.number,
            "version": version.definition.tag,
            "image": version.definition.image,
            "differs": _differs(history, version),
            "from": version.since.isoformat(),
            "to": version.until.isoformat() if version.until else None,
            "result": "served" if version.served else "failed",
            "serving": version is history.serving,
        }
        for version in reversed(history.versions)
    ]


def table(history: History) -> Table:
    shown = Table(box=None, pad_edge=False)
    for column in ("", "version", "differs in", "from", "to", "result"):
        shown.add_column(column, justify="right" if not column else "left", no_wrap=column != "differs in")
    for version in reversed(history.versions):
        result = "served" if version.served else "[red]failed[/], never served"
        shown.add_row(
            str(version.number),
            escape(version.definition.tag),
            escape(", ".join(_differs(history, version))),
            moment(version.since),
            moment(version.until) or "–",
            "[green]serves now[/]" if version is history.serving else result,
        )
    return shown


def _differs(history: History, version: Version) -> list[str]:
    """From what served before it; whoever comes again is named."""
    earlier = history.versions[: version.number - 1]
    again = next((one for one in earlier if one.definition == version.definition), None)
    if again:
        return [f"as {again.number}"]
    before = _last_served(earlier)
    return differs(version.definition, before) if before else ["the first one"]


def _last_served(versions: Iterable[Version]) -> Definition | None:
    return next((one.definition for one in reversed(list(versions)) if one.served), None)
