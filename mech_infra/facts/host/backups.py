"""Backups: how old the last good snapshot is, and the last one that was proved by restoring it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mech_infra.backup.settings import STATE
from mech_infra.backup.status import FILE
from mech_infra.facts.host.program import reads
from mech_infra.facts.model import Check, Facts, Watch

UNPROVED_H = 72  # a proof comes every night; one that failed twice is told before


@reads(status=str(STATE / FILE), folder=str(STATE))
def backups(status: str, folder: str) -> dict[str, Any]:
    """What the host remembers of its backups, and its own time; {} in place of what it does not remember.

    `since` is when they began here: the folder is made when they are declared.
    """
    try:
        known = json.loads(Path(status).read_text())
    except (OSError, ValueError):
        known = None
    known = known if isinstance(known, dict) else {}
    try:
        since: float | None = known.get("since") or Path(folder).stat().st_mtime
    except OSError:
        since = None
    return {
        "now": time.time(),
        "since": since,
        **{key: known.get(key) or {} for key in ("good", "failure", "proof", "proved")},
    }


@dataclass(frozen=True)
class Fresh(Check, kind="backup-fresh", reads=["backups"]):
    """The last good snapshot is not older than what may be lost at most; before the first one, since backups are declared."""

    rpo_h: int

    label = "last good snapshot"

    @property
    def good(self) -> str:
        return f"within {self.rpo_h:g} h"  # the state has numbers as floats

    def judge(self, facts: Facts) -> str | None:
        about = facts["backups"]
        hours = age_h(about, "good")
        if hours is None or hours <= self.rpo_h:
            return None
        return f"{hours:.0f} h old" if about["good"] else f"none in {hours:.0f} h"


@dataclass(frozen=True)
class Unproved(Watch, kind="backup-unproved"):
    """What a person is to know of the backups, and no `pulumi up` puts right."""

    within_h: int = UNPROVED_H

    def tell(self, facts: Facts, access: Mapping[str, Any]) -> Iterator[str]:
        about = facts.get("backups")
        if not about:
            return
        failure = about["failure"]
        if failure:
            yield f"not well: the last {failure['what']} failed: {failure['says']}"
        hours = age_h(about, "proved")
        if hours is not None and hours > self.within_h and failure.get("what") != "proof":
            yield f"not well: no backup was proved for {hours / 24:.0f} days: mech backup prove"


def age_h(about: Mapping[str, Any], what: str) -> float | None:
    """Hours since the last good snapshot or proof; since backups began here where there was none; None where they did not."""
    at = about[what].get("at") or about["since"]
    return None if at is None else max(0.0, (about["now"] - at) / 3600)
