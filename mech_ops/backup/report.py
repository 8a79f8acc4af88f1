"""Backups as a person and as a script read them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from rich.table import Table

from mech_infra.facts.host.disks import size
from mech_ops.backup.command import Asked

Json = dict[str, Any]


def made(result: Mapping[str, Any]) -> str:
    return (
        f"snapshot {result['snapshot'][:8]}: {result['documents']} documents of {result['collections']} collections, "
        f"{result['keys']} keys of Redis, {size(result['bytes'])}, {size(result['added'])} of it new, in {result['seconds']:.0f} s"
    )


def proved(result: Mapping[str, Any]) -> str:
    return f"snapshot {result['snapshot'][:8]} of {when(result['taken'])} is proved: restored and compared in {result['seconds']:.0f} s"


def read(result: Mapping[str, Any]) -> str:
    return f"the repository is whole as far as it was read: part {result['part']} of {result['of']}"


def retained(result: Mapping[str, Any]) -> str:
    return f"{result['forgotten']} snapshots are forgotten, {result['left']} stay"


def listed(result: Mapping[str, Any]) -> Table:
    shown = Table(box=None, pad_edge=False)
    for column in ("snapshot", "when (UTC)", ""):
        shown.add_column(column)
    proof, good = (result["status"].get(key) or {} for key in ("proof", "good"))
    for one in result["snapshots"]:
        words = []
        if one["id"] == good.get("snapshot"):
            words.append(f"{size(good['bytes'])}, {good['documents']} documents, {good['keys']} keys")
        if one["id"] == proof.get("snapshot"):
            words.append("proved" if not proof["code"] else "not proved")
        shown.add_row(one["id"][:8], when(one["at"]), ", ".join(words))
    return shown


def state(status: Mapping[str, Any]) -> list[str]:
    """What is to be known beside the snapshots: the last proof, and what failed."""
    said = []
    if proved_ := status.get("proved"):
        said.append(f"last proved {when(proved_['at'])}: snapshot {proved_['snapshot'][:8]}")
    else:
        said.append("not one was proved yet: mech backup prove")
    if failure := status.get("failure"):
        said.append(f"the last {failure['what']} failed at {when(failure['at'])}: {failure['says']}")
    return said


def as_json(found: Asked) -> str:
    about: Json = {"exit_code": found.exit_code, **_dated(found.result)}
    if found.code:
        about |= {"code": found.code, "says": found.says}
    return json.dumps(about, indent=2)


def _dated(value: Any) -> Any:
    """Times as text."""
    if isinstance(value, dict):
        return {key: _iso(inner) if key in ("at", "taken", "since") else _dated(inner) for key, inner in value.items()}
    return [_dated(one) for one in value] if isinstance(value, list) else value


def _iso(at: float) -> str:
    return dt.datetime.fromtimestamp(at, dt.UTC).replace(microsecond=0).isoformat()


def when(at: float) -> str:
    return f"{dt.datetime.fromtimestamp(at, dt.UTC):%Y-%m-%d %H:%M}"
