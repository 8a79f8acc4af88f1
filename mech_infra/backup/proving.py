"""One proof: the newest snapshot is fetched from the store, started in containers without a network, and compared; all goes again."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from mech_infra.backup import archive, files, manifest, mongodb, redis, scratch, taking
from mech_infra.backup.restic import Repository, Snapshot
from mech_infra.backup.settings import Settings
from mech_infra.backup.words import Failed, Json

Tell = Callable[[str], None]


def proof(settings: Settings, repository: Repository, status: Json, tell: Tell) -> Json:
    """What `proof` of the status says of the snapshot then. Raises Failed; nothing is left of it on the host."""
    begun = time.time()
    scratch.clean()
    newest = expected(repository.snapshots(), status.get("good"))
    if (good := status.get("good")) and good["snapshot"] == newest.id:
        taking.room(3 * good["bytes"], scratch.FOLDER)
    tell(f"snapshot {newest.id[:8]} is fetched from the store")
    try:
        tried(settings, fetched(repository, newest, scratch.FOLDER / "fetched"), status, newest, tell)
    except OSError as error:
        raise taking.full(error) from None
    finally:
        shutil.rmtree(scratch.FOLDER, ignore_errors=True)
    return {
        "snapshot": newest.id,
        "manifest": newest.manifest,
        "taken": newest.at,
        "seconds": round(time.time() - begun, 1),
    }


def expected(there: list[Snapshot], good: Json | None) -> Snapshot:
    """The newest one; it is the one that was made last. Raises Failed."""
    if not there:
        raise Failed(
            "SNAPSHOT_LOST" if good else "NO_SNAPSHOT",
            "the repository has no snapshot of this platform: mech backup now",
        )
    if good and good["snapshot"] not in {one.id for one in there} and good["at"] > there[-1].at:
        at = time.strftime("%Y-%m-%d %H:%M", time.gmtime(good["at"]))
        raise Failed(
            "SNAPSHOT_LOST",
            f"the store has lost the newest snapshot, {good['snapshot'][:8]} of {at} UTC: look for who deletes there; mech backup now",
        )
    return there[-1]


def fetched(repository: Repository, snapshot: Snapshot, into: Path) -> Path:
    """The folder with a snapshot's files, each compared with its manifest. Raises Failed, OSError."""
    into.mkdir(mode=0o700, parents=True)
    repository.fetch(snapshot.id, into)
    # restic gives each file the path that it had.
    folder = into / taking.STAGING.relative_to("/")
    manifest.check_files(manifest.read(folder, snapshot.manifest), folder)
    return folder


def tried(settings: Settings, folder: Path, status: Json, snapshot: Snapshot, tell: Tell) -> None:
    """Raises Failed, OSError."""
    about = manifest.read(folder, snapshot.manifest)
    good = status.get("good") or {}
    if good.get("snapshot") == snapshot.id and good.get("canary") != manifest.hashed(about["canary"]):
        raise Failed(
            "CANARY_MISSING",
            "the newest snapshot is not the one that was made last: it has another canary; mech backup now",
        )
    whole(about, folder)
    there = {name.partition("/")[0] for name in about["files"]}
    if files.ROOM not in there and settings.files:
        raise Failed("FILES_MISSING", "the snapshot has neither .env files nor certificates; mech backup now")
    tell("MongoDB is started with it")
    with in_mongodb(settings, about, folder / manifest.MONGODB):
        tell("Redis is started with it")
    with in_redis(settings, about, folder / manifest.REDIS):
        pass


def whole(about: Json, folder: Path) -> None:
    """The dump of a snapshot is what its manifest says, and of the right server. Raises Failed."""
    dumped = folder / manifest.MONGODB
    collections = manifest.of_collections(archive.read(dumped))
    live = about["mongodb"]["live"]
    manifest.check_dump(collections, live, live)
    manifest.check_canary(mongodb.planted(dumped), about)
    manifest.check_same(about, collections, "the dump of MongoDB", "DUMP_DIFFERS")


@contextlib.contextmanager
def in_mongodb(settings: Settings, about: Json, dumped: Path) -> Iterator[str]:
    """The container that has the dump in it, as the manifest says. Raises Failed."""
    reference = scratch.image("mongodb") or settings.images["mongodb"]
    with scratch.container("mongodb", reference, settings.memory_mb["mongodb"], mongodb.answers) as name:
        try:
            mongodb.load(dumped, name)
        except Failed as why:
            raise Failed("RESTORE_FAILED", f"MongoDB does not take the dump: {why.says}") from None
        again = scratch.FOLDER / "again.archive"
        mongodb.dump(again, name, login=None)
        found = manifest.of_collections(archive.read(again))
        manifest.check_same(about, found, "MongoDB with the dump in it", "RESTORE_DIFFERS")
        yield name


@contextlib.contextmanager
def in_redis(settings: Settings, about: Json, saved: Path) -> Iterator[str]:
    """The container that has read Redis' file, as the manifest says. Raises Failed."""
    reference = scratch.image("redis") or settings.images["redis"]
    room = scratch.FOLDER / "redis"
    room.mkdir()
    shutil.move(saved, room / "dump.rdb")
    room.chmod(0o777)  # the image's own user reads it, in a folder that only root gets to
    (room / "dump.rdb").chmod(0o644)
    command = ("redis-server", "--save", "", "--appendonly", "no", "--dir", "/data")
    with scratch.container("redis", reference, settings.memory_mb["redis"], redis.answers, room, command) as name:
        manifest.check_redis(about, redis.keys(name, login=None).all, redis.planted(name))
        yield name


def next_part(status: Json, of: int) -> int:
    """Which part of the repository is read next, 1 to `of`: each in its turn."""
    before = status.get("read") or {}
    return before["part"] % of + 1 if before.get("of") == of else 1
