"""Which snapshot is meant, and what its manifest says of it."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Sequence

from mech_infra.backup import manifest, scratch, taking
from mech_infra.backup.mongodb import CANARY
from mech_infra.backup.restic import Repository, Snapshot
from mech_infra.backup.words import Failed, Json

_PEEK = scratch.FOLDER / "peek"


def chosen(there: Sequence[Snapshot], at: str) -> Snapshot:
    """By its id or a time; the newest one without. What a restore was about to overwrite is meant by its id alone. Raises Failed."""
    if not there:
        raise Failed("NO_SNAPSHOT", "the repository has no snapshot of this platform: mech backup now")
    if len(at) >= 4 and (found := [one for one in there if one.id.startswith(at)]):
        return found[-1]
    usual = [one for one in there if not one.kind]
    if not at:
        return (usual or there)[-1]
    try:
        moment = dt.datetime.fromisoformat(at)
    except ValueError:
        raise Failed(
            "NO_SNAPSHOT", f"{at!r} is no snapshot's id and no time (2026-11-27T10:00): mech backup list"
        ) from None
    limit = (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp()
    before = [one for one in usual if one.at <= limit]
    if not before:
        raise Failed("NO_SNAPSHOT", f"no snapshot was made before {at}: mech backup list")
    return before[-1]


def for_restore(repository: Repository, at: str, since: float) -> tuple[Snapshot, str]:
    """The one that is meant, and a sentence where it is not the newest though no other was named. Raises Failed.

    A host that was made anew backs up at once, before anybody could restore: that snapshot has next to nothing in it. So there,
    where no time is named, the last one of before the host (`since`, Unix time) is taken while the newest has less than half of
    what that one has.
    """
    there = repository.snapshots()
    one = chosen(there, at)
    earlier = [each for each in there if each.at < since and not each.kind]
    if at or not earlier or one.at < since:
        return one, ""
    last, mine = earlier[-1], peek(repository, one)
    if 2 * size(mine) >= size(theirs := peek(repository, last)):
        return one, ""
    return last, (
        f"this host is newer than snapshot {last.id[:8]}, which has {size(theirs)} documents and keys, and the newest one, {one.id[:8]}, "
        f"only {size(mine)}: {last.id[:8]} is taken (--at {one.id[:8]} takes the other)"
    )


def peek(repository: Repository, snapshot: Snapshot) -> Json:
    """The manifest alone. Raises Failed."""
    shutil.rmtree(_PEEK, ignore_errors=True)
    try:
        repository.fetch(snapshot.id, _PEEK, [str(taking.STAGING / manifest.FILE)])
        return manifest.read(_PEEK / taking.STAGING.relative_to("/"), snapshot.manifest)
    finally:
        shutil.rmtree(_PEEK, ignore_errors=True)


def size(about: Json) -> int:
    """How many documents and keys a manifest has, but for the backups' own."""
    collections = about["mongodb"]["collections"]
    mine = collections.get(".".join(CANARY), {"documents": 0})["documents"]
    found = sum(one["documents"] for one in collections.values()) - mine
    return int(found) + max(0, int(about["redis"]["keys"]) - 1)
