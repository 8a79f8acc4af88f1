"""A restore as a person reads it: what it would overwrite, what it compared, how long each part took."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from mech_ops.backup.report import when
from mech_ops.everyday import spans

Json = Mapping[str, Any]


def title(found: Json, now: float) -> str:
    one = found["snapshot"]
    kind = ", of what a restore was about to overwrite" if one["kind"] else ""
    return f"snapshot {one['id'][:8]} of {when(one['at'])} UTC, {spans.said(now - one['at'])} old{kind}"


def table(found: Json) -> Table:
    """Collections and Redis' keys, beside what is there now."""
    shown = Table(box=None, pad_edge=False)
    shown.add_column("")
    for column in ("snapshot", "now", "difference"):
        shown.add_column(column, justify="right")
    mine, theirs = found["collections"], found["live"]["collections"]
    for name in sorted({*mine, *(theirs or {})}):
        shown.add_row(name, *_row(mine.get(name), None if theirs is None else theirs.get(name, 0)))
    if found["keys"] is not None:
        shown.add_row("redis, keys", *_row(found["keys"], found["live"]["keys"]))
    for name in found["files"]:
        shown.add_row(name, "yes", "", "")
    return shown


def _row(mine: int | None, theirs: int | None) -> tuple[str, str, str]:
    if theirs is None:
        return str(mine), "no answer", ""
    if mine is None:
        return "not in it", str(theirs), "stays"
    return str(mine), str(theirs), f"{mine - theirs:+d}" if mine != theirs else ""


def warning(found: Json, stack: str, with_backup: bool) -> list[str]:
    """Before the stack's name is typed."""
    first = "What is there is backed up first." if with_backup else "What is there is NOT backed up first."
    stopped = ", ".join(found["services"]) or "no service"
    return [
        f"This overwrites the data of the stack {stack} with it: what was acknowledged since then will be gone. {first}",
        f"Stopped meanwhile: {stopped}" + (", and Redis." if found["keys"] is not None else "."),
    ]


def tried(found: Json, keep_min: float) -> list[str]:
    """After a restore into scratch."""
    said = [f"it was started in containers without a network and is as its manifest says ({parts(found)})"]
    for name, container in found["containers"].items():
        shell = "mongosh" if name == "mongodb" else "redis-cli"
        said.append(f"for {keep_min:g} min: mech ssh -- docker exec -i {container} {shell}" if keep_min else "")
    if keep_min:
        said.append(f"files: {found['folder']}; Ctrl-C takes all of it away")
    return [line for line in said if line]


def done(result: Json) -> list[str]:
    """After a restore into what serves."""
    said = [f"snapshot {result['snapshot']['id'][:8]} is restored, and the services are well ({parts(result)})"]
    if result["left"]:
        said.append(f"left as they were, since that snapshot does not have them: {', '.join(result['left'])}")
    if result["before"]:
        said.append(f"back to what was there before: mech restore --into live --at {result['before'][:8]}")
    return said


def parts(result: Json) -> str:
    return ", ".join(f"{one['part']} {one['seconds']:.0f} s" for one in result["parts"])
