"""Backups: late, not proved, or bad. Nobody notices before they are needed."""

from __future__ import annotations

from collections.abc import Iterator

from mech_infra.facts.host import backups
from mech_ops.diagnosis.causes.model import Found, cause
from mech_ops.diagnosis.look import Look


@cause(
    "BACKUP_FAILED",
    "the last {what} failed: {says}",
    layer="datastores",
    visitor="nothing, until data are lost",
    guide="Weekly checklist: backup verification",
    reads=("host.backups",),
    fix="mech backup {again}",
    rules=("data-no-backup",),
)
def failed(look: Look) -> Iterator[Found]:
    about = look.fact("host.backups")
    if why := about["failure"]:
        again = {"backup": "now", "proof": "prove"}.get(why["what"], "check")
        yield Found((), {"what": why["what"], "says": why["says"], "again": again}, (f"mech-backup: {why['code']}",))


@cause(
    "BACKUP_LATE",
    "RPO {most}: {sentence}",
    layer="datastores",
    visitor="nothing, until data are lost",
    guide="Weekly checklist: backup verification",
    reads=("drift.backup-fresh",),
    fix="mech backup now; mech:backup.rpoHours says how old it may be",
    key="mech:backup.rpoHours",
    follows=("BACKUP_FAILED", "BACKUP_OFF"),
)
def late(look: Look) -> Iterator[Found]:
    for item in look.drift("backup-fresh"):
        none = item.there.startswith("none")
        sentence = (
            f"no good snapshot{item.there.removeprefix('none')}" if none else f"last good snapshot is {item.there}"
        )
        most = item.declared.removeprefix("within ")
        yield Found((), {"most": most, "sentence": sentence}, (f"{item.label}: {item.there}",))


@cause(
    "BACKUP_UNPROVED",
    "no backup was proved by restoring it for {days} days",
    layer="datastores",
    visitor="nothing, until a backup is needed and is none",
    guide="Monthly checklist: disaster recovery testing",
    reads=("host.backups",),
    fix="mech backup prove",
    follows=("BACKUP_FAILED", "BACKUP_OFF"),
)
def unproved(look: Look) -> Iterator[Found]:
    hours = backups.age_h(look.fact("host.backups"), "proved")
    if hours is not None and hours > backups.UNPROVED_H:
        yield Found((), {"days": f"{hours / 24:.0f}"}, ("/var/lib/mech-backup/status.json",))


@cause(
    "BACKUP_OFF",
    "the timer of the backups is off: {unit} is {there}",
    layer="datastores",
    visitor="nothing, until data are lost",
    guide="by drift",
    reads=("drift.unit",),
    fix="pulumi up; to switch backups off: mech:backup.enabled false",
    key="mech:backup.enabled",
)
def off(look: Look) -> Iterator[Found]:
    for item in look.drift("unit"):
        if "mech-backup" in item.label:
            yield Found(
                (), {"unit": item.label.removeprefix("unit "), "there": item.there}, (f"{item.label}: {item.there}",)
            )
