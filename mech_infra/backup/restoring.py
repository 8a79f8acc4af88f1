"""A restore on the host: looked at first, tried in containers without a network, or into what serves."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mech_infra.backup import (
    choosing,
    files,
    journal,
    manifest,
    mongodb,
    proving,
    putting,
    redis,
    scratch,
    services,
    status,
    taking,
)
from mech_infra.backup.restic import Repository, Snapshot
from mech_infra.backup.selecting import Selection
from mech_infra.backup.settings import Settings
from mech_infra.backup.words import BEFORE, Failed, Json

Tell = Callable[[str], None]


@dataclass
class Parts:
    """How long each part took; `tell` hears of each as it begins."""

    tell: Tell
    took: list[Json] = field(default_factory=list)

    @contextlib.contextmanager
    def part(self, name: str, says: str) -> Iterator[None]:
        self.tell(says)
        begun = time.monotonic()
        try:
            yield
        finally:
            self.took.append({"part": name, "seconds": round(time.monotonic() - begun, 1)})


def look(repository: Repository, wanted: Selection, at: str) -> Json:
    """What would be restored, beside what is there now; nothing is fetched but the manifest. Raises Failed."""
    snapshot, note = choosing.for_restore(repository, at, status.read()["since"])
    return {**_told(choosing.peek(repository, snapshot), snapshot, wanted), "note": note}


def _told(about: Json, snapshot: Snapshot, wanted: Selection) -> Json:
    """`live` is null for what does not answer."""
    collections = {name: one["documents"] for name, one in about["mongodb"]["collections"].items() if wanted.has(name)}
    if wanted.patterns and wanted.patterns != ("*",) and not collections:
        raise Failed(
            "NOT_IN_IT",
            f"snapshot {snapshot.id[:8]} has no {', '.join(w.removeprefix('mongodb.') for w in wanted.words() if '.' in w)}: mech restore "
            "shows what it has (and changes nothing)",
        )
    live: Json = {"collections": None, "keys": None}
    if wanted.patterns:
        with contextlib.suppress(Failed):
            live["collections"] = {name: count for name, count in mongodb.live().items() if wanted.has(name)}
    if wanted.redis:
        with contextlib.suppress(Failed):
            live["keys"] = redis.keys().all
    names = sorted(f"/{name.removeprefix(f'{files.ROOM}/')}" for name in about["files"] if name.startswith(files.ROOM))
    return {
        "snapshot": vars(snapshot), "collections": collections, "keys": about["redis"]["keys"] if wanted.redis else None,
        "files": names if wanted.files else [], "versions": about["versions"], "live": live,
        "services": [one.name for group in wanted.writers() for one in group],
    }  # fmt: skip


@contextlib.contextmanager
def fetched(repository: Repository, snapshot: Snapshot, into: Path, known: Json) -> Iterator[tuple[Json, Path]]:
    """(manifest, folder) of a snapshot that is as its manifest says; the folder goes at the end. Raises Failed."""
    good = known.get("good") or {}
    taking.room(3 * good.get("bytes", 0), into.parent)
    shutil.rmtree(into, ignore_errors=True)
    try:
        folder = proving.fetched(repository, snapshot, into)
        about = manifest.read(folder, snapshot.manifest)
        proving.whole(about, folder)
        redis.in_file(folder / manifest.REDIS)
        yield about, folder
    except OSError as error:
        raise taking.full(error) from None
    finally:
        shutil.rmtree(into, ignore_errors=True)


def tried(
    told: Settings, repository: Repository, wanted: Selection, at: str, hold: Callable[[Json], None], tell: Tell
) -> Json:
    """In scratch: started, compared, and told to `hold`, after which all of it goes. Raises Failed."""
    parts, known = Parts(tell), status.read()
    scratch.clean()
    snapshot, note = choosing.for_restore(repository, at, known["since"])
    with contextlib.ExitStack() as stack:
        with parts.part(
            "fetch", f"snapshot {snapshot.id[:8]} is fetched from the store, and compared with its manifest"
        ):
            about, folder = stack.enter_context(fetched(repository, snapshot, scratch.FOLDER / "fetched", known))
        found = {**_told(about, snapshot, wanted), "note": note}
        containers = {}
        if wanted.patterns:
            with parts.part("mongodb", "MongoDB is started with it, without a network"):
                containers["mongodb"] = stack.enter_context(proving.in_mongodb(told, about, folder / manifest.MONGODB))
        if wanted.redis:
            with parts.part("redis", "Redis is started with it, without a network"):
                containers["redis"] = stack.enter_context(proving.in_redis(told, about, folder / manifest.REDIS))
        found |= {"containers": containers, "folder": str(folder), "parts": parts.took}
        hold(found)
    return found


def live(told: Settings, repository: Repository, wanted: Selection, at: str, with_backup: bool, tell: Tell) -> Json:
    """Into what serves. Until all of it is here and whole, and what is there is saved, nothing is touched. Raises Failed."""
    parts, known = Parts(tell), status.read()
    snapshot = choosing.for_restore(repository, at, known["since"])[0]
    _ready(wanted)
    with contextlib.ExitStack() as stack:
        with parts.part(
            "fetch", f"snapshot {snapshot.id[:8]} is fetched from the store, and compared with its manifest"
        ):
            about, folder = stack.enter_context(fetched(repository, snapshot, journal.FOLDER, known))
        before = ""
        if with_backup:
            with parts.part("backup", "what is there now is backed up first"):
                before = _saved(told, repository, known, tell)
        note = _overwritten(wanted, about, folder, snapshot, before, parts)
    result = {"snapshot": vars(snapshot), "before": before, "parts": parts.took, "left": note.get("left", [])}
    status.write(status.succeeded(status.read(), "restore", time.time(), snapshot=snapshot.id, before=before))
    return result


def _ready(wanted: Selection) -> None:
    """The databases that are to take it are there, and let us in. Raises Failed."""
    if wanted.patterns:
        services.start_database(mongodb.CONTAINER, mongodb.answers)
        mongodb.live()  # an empty one that is to ask for passwords knows nobody yet
    if wanted.redis and services.state(redis.CONTAINER) == "missing":
        raise Failed("REDIS_DOWN", "there is no container redis on this host, and nothing was changed: pulumi up")


def _saved(told: Settings, repository: Repository, known: Json, tell: Tell) -> str:
    """The id of a snapshot of what is there. Raises Failed."""
    if told.only_restore:
        raise Failed(
            "NOT_SAVED", "this host only restores (mech:backup.onlyRestore), and nothing was changed: --without-backup"
        )
    try:
        good = taking.backup(told, repository, known, tell, BEFORE)
    except Failed as why:
        raise Failed(
            "NOT_SAVED",
            f"what is there could not be backed up first, and nothing was changed: {why.says}. Where it is not worth keeping: "
            "--without-backup",
        ) from None
    status.write(status.succeeded(status.read(), "backup", time.time(), **good))
    return str(good["snapshot"])


def _overwritten(wanted: Selection, about: Json, folder: Path, snapshot: Snapshot, before: str, parts: Parts) -> Json:
    """The journal as it was at the end. Raises Failed, when the services run again."""
    containers = services.running(wanted.writers())
    note: Json = {
        "at": time.time(),
        "snapshot": snapshot.id,
        "before": before,
        "containers": containers,
        "touched": [],
        "done": [],
    }

    def touch(what: str) -> None:
        note["touched"].append(what)
        journal.write(note)

    journal.write(note)
    try:
        with parts.part(
            "stop",
            f"stopped are {', '.join(name for group in reversed(containers) for name in group) or 'no services'}",
        ):
            services.stop(containers)
        if wanted.patterns:
            with parts.part("mongodb", "MongoDB takes its collections"):
                touch("mongodb")
                note["left"] = putting.into_mongodb(wanted, about, folder)
                note["done"].append("mongodb")
        if wanted.redis:
            with parts.part("redis", "Redis is stopped, given its file and started"):
                touch("redis")
                putting.into_redis(about, folder / manifest.REDIS)
                note["done"].append("redis")
        if wanted.files:
            with parts.part("files", "files are put in their places"):
                touch("files")
                putting.into_files(folder / files.ROOM)
                note["done"].append("files")
    except BaseException as why:
        with contextlib.suppress(Failed):
            services.start(containers)
        journal.over()
        if not isinstance(why, Failed | OSError):
            raise
        reason = why.says if isinstance(why, Failed) else taking.full(why).says
        failed = Failed("RESTORE_HALF", f"{journal.says(note, 'failed')} ({reason})")
        if note["touched"]:
            status.write(status.failed(status.read(), "restore", time.time(), failed))
        raise failed from None
    with parts.part("start", "services are started, and waited for"):
        try:
            services.start_in_order(containers)
        finally:
            journal.over()
    return note
