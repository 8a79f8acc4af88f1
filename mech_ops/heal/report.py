"""What was healed, and what is left, as a person and as a script read it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from mech_infra.heal.onhost import PLANNED
from mech_ops.everyday.platform import Json
from mech_ops.heal.command import Healed

_DONE = {
    "restart": "restarted",
    "unpause": "unpaused",
    "reconnect": "put on the network again",
    "cut-log": "relieved of all but its log's last lines",
    "remove-images": "relieved of images that nothing names",
}


def line(kind: str, record: Json) -> str:
    """One thing, as it comes in."""
    if kind == "step":
        planned = f"would be {_DONE.get(record['did'], record['did'])}"
        outcome = planned if record["outcome"] == PLANNED else record["outcome"]
        return f"{record['what']}: {record['why']}: {outcome}"
    return f"{record['what']}: left alone ({record['code']}): {record['why']}. Next: {record['then']}"


def summary(found: Healed, dry_run: bool) -> str:
    if not found.steps and not found.left:
        return "nothing is ill" + (
            "; the services' tasks are the swarm's to heal (mech ps)" if found.by_the_swarm else ""
        )
    done = f"{len(found.steps)} would be done" if dry_run else f"{len(found.steps)} done"
    return f"{done}, {len(found.left)} left alone" + ("" if found.exit_code else ": all is well again")


def as_json(found: Healed, dry_run: bool) -> str:
    steps = [{key: step[key] for key in ("what", "did", "why", "outcome")} for step in found.steps]
    left = [{key: one[key] for key in ("what", "code", "why", "then")} for one in found.left]
    return json.dumps({"exit_code": found.exit_code, "dry_run": dry_run, "steps": steps, "left": left}, indent=2)


def log_as_json(records: Sequence[Json]) -> str:
    return json.dumps([{**record, "at": _time(record).isoformat()} for record in records], indent=2)


def log(records: Sequence[Json]) -> Table:
    shown = Table(box=None, pad_edge=False)
    for column in ("when (UTC)", "who", "what", "did", "why", "outcome"):
        shown.add_column(column, overflow="fold")
    for record in records:
        words = [str(record.get(key, "")) for key in ("who", "what", "did", "why", "outcome")]
        shown.add_row(f"{_time(record):%Y-%m-%d %H:%M:%S}", *map(escape, words))
    return shown


def _time(record: Json) -> dt.datetime:
    return dt.datetime.fromtimestamp(record["at"], dt.UTC).replace(microsecond=0)
