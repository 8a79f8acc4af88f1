"""Backups: that there are some, and that who takes over the host cannot take them, too (guide, weekly and monthly checklist)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from mech_infra.commands.backup import CONFIG_FILE
from policies.family import Family
from policies.model import Finding, Stack, Unjudged
from policies.reading.commands import scripts, unknown_scripts, written
from policies.reading.containers import databases
from policies.reading.platform import is_platform

rule = Family("backups")
# Whoever saves by one of these knows why.
_TOOLS = re.compile(r"\b(restic|borg|borgmatic|mongodump|duplicity|kopia|rclone|mech-backup)\b")


def _told(stack: Stack) -> dict[str, Any] | None:
    """What the platform's own backup is told; None where none is declared, {} where it cannot be read."""
    text = written(stack).get(CONFIG_FILE)
    if text is None:
        return None
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


@rule(
    "data-no-backup",
    title="Data are backed up",
    symptom="a deleted collection, or a lost volume, and nothing to restore from",
    fix="set mech:backup.enabled and mech:backup.repository (docs/backups.md)",
    severity="high",
    level="advisory",
)
def no_backup(stack: Stack) -> Iterator[Finding]:
    found = databases(stack) if is_platform(stack) else []
    if not found or _told(stack) is not None:
        return
    texts = [script.spoken for script in scripts(stack)] + list(written(stack).values())
    if any(_TOOLS.search(text) for text in texts):
        return
    if unknown := unknown_scripts(stack):
        raise Unjudged(unknown[0])
    names = sorted({one.label for one in found})
    # Of the same one each time, in whatever order the program declares them.
    yield Finding(f"nothing backs up {' and '.join(names)}", min(found, key=lambda one: one.label))


@rule(
    "data-backup-deletable",
    title="Who has the host cannot delete its backups",
    symptom="data and backups deleted by the same hand",
    fix="give the host a key that may not delete, or lock the bucket, and say so: mech:backup.protection (docs/backups.md)",
    severity="medium",
    level="advisory",
)
def deletable(stack: Stack) -> Iterator[Finding]:
    told = _told(stack) or {}
    where = told.get("repository")
    resource = next((one.resource for one in scripts(stack) if CONFIG_FILE in one.written), None)
    if not isinstance(where, str) or resource is None:
        return
    if where.startswith("/"):
        yield Finding(f"the backups are in {where} on the host itself: they go with it", resource)
    elif told.get("protection") == "none":
        yield Finding(f"the host's key can delete what is in {where}", resource)
