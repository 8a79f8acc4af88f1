"""Exercises as a person and as a script read them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence

from rich.table import Table

from mech_ops.drill.history import Drill
from mech_ops.errors import FAILED, FOUND, OK
from mech_ops.everyday import spans


def exit_code(drill: Drill) -> int:
    if drill.healthy_s is not None and drill.in_time and drill.fresh:
        return OK
    return FAILED if drill.failed and drill.loss_s is None else FOUND


def headline(drill: Drill) -> str:
    if drill.failed:
        return f"not restored: {drill.failed}"
    return f"a new host with the data was well after {spans.said(drill.healthy_s or 0)}" + (
        "" if drill.in_time and drill.fresh else ", which is not what mech:backup promises"
    )


def lines(drill: Drill) -> list[str]:
    said = [headline(drill)]
    if drill.healthy_s is not None:
        said.append(
            f"time       {spans.said(drill.healthy_s)} of {drill.rto_minutes} min (rtoMinutes): {_met(drill.in_time)}"
        )
    if drill.loss_s is not None:
        said.append(f"data loss  {spans.said(drill.loss_s)} of {drill.rpo_hours} h (rpoHours): {_met(drill.fresh)}")
        said.append(
            f"restored   snapshot {drill.snapshot[:8]}: {drill.documents} documents, {drill.keys} keys, as its manifest says"
        )
    if drill.healthy:
        said.append(f"well       {', '.join(drill.healthy)}")
    said.append(f"phases     {phases(drill)}")
    return said


def phases(drill: Drill) -> str:
    return ", ".join(f"{name} {seconds:.0f} s" for name, seconds in drill.phases.items())


def table(past: Sequence[Drill]) -> Table:
    shown = Table(box=None, pad_edge=False)
    for column in ("when (UTC)", "until well", "RTO", "data loss", "RPO", "seconds per phase"):
        shown.add_column(column)
    for one in past:
        time_ = "" if one.healthy_s is None else spans.said(one.healthy_s)
        loss = "" if one.loss_s is None else spans.said(one.loss_s)
        met = [_met(one.in_time), _met(one.fresh)]
        shown.add_row(one.when[:16].replace("T", " "), time_ or "not well", met[0], loss, met[1], phases(one))
    return shown


def as_json(drill: Drill) -> str:
    about = {"exit_code": exit_code(drill), **dataclasses.asdict(drill), "in_time": drill.in_time, "fresh": drill.fresh}
    return json.dumps(about, indent=2)


def history_as_json(past: Sequence[Drill]) -> str:
    return json.dumps(
        [{**dataclasses.asdict(one), "in_time": one.in_time, "fresh": one.fresh} for one in past], indent=2
    )


def _met(met: bool) -> str:
    return "met" if met else "NOT met"
