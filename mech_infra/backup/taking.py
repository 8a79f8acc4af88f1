"""One backup: canaries, dumps and files in a folder, a manifest, one snapshot; then the folder goes."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from mech_infra.backup import archive, files, manifest, mongodb, redis, scratch
from mech_infra.backup.restic import Repository
from mech_infra.backup.settings import STATE, Settings
from mech_infra.backup.words import Failed, Json
from mech_infra.commands.volume import DATA

STAGING = STATE / "staging"
_SPARE = 512 << 20  # bytes that stay free on the host's disk whatever is staged
Tell = Callable[[str], None]


def backup(settings: Settings, repository: Repository, status: Json, tell: Tell, kind: str = "") -> Json:
    """What `good` of the status says then; `kind` is the snapshot's. Raises Failed; nothing is left but what the store has."""
    begun = time.time()
    scratch.clean()
    known = status.get("good")
    repository.ensure(known is not None)
    repository.unlock()
    room(known["bytes"] * 5 // 4 if known else 3 * files.sizes([Path(DATA, "mongodb"), Path(DATA, "redis")]), STATE)
    try:
        STAGING.mkdir(mode=0o700, parents=True)
        made = staged(settings, secrets.token_hex(8), tell)
        tell("restic encrypts it and sends what is new")
        summary = repository.backup(STAGING, made["id"], settings.host, kind)
    except OSError as error:
        raise full(error) from None
    finally:
        shutil.rmtree(STAGING, ignore_errors=True)
    newest = next((one for one in reversed(repository.snapshots()) if one.manifest == made["id"]), None)
    if newest is None:
        raise Failed("SNAPSHOT_LOST", "restic made a snapshot, and the store does not have it: mech backup check")
    collections = made["mongodb"]["collections"]
    return {
        "snapshot": newest.id, "manifest": made["id"], "canary": manifest.hashed(made["canary"]),
        "bytes": sum(about["bytes"] for about in made["files"].values()), "added": summary["data_added"],
        "seconds": round(time.time() - begun, 1), "collections": len(collections),
        "documents": sum(about["documents"] for about in collections.values()), "keys": made["redis"]["keys"],
    }  # fmt: skip


def staged(settings: Settings, id_: str, tell: Tell) -> Json:
    """All that the snapshot shall have, in STAGING; its manifest. Raises Failed, OSError."""
    canary = secrets.token_hex(16)
    tell("MongoDB is dumped")
    versions = {"mongodb": mongodb.plant(id_, canary)}
    before = mongodb.live()
    dumped = STAGING / manifest.MONGODB
    mongodb.dump(dumped)
    collections = manifest.of_collections(archive.read(dumped))
    after = mongodb.counted(list(before))
    manifest.check_dump(collections, before, after)
    tell("Redis saves")
    versions["redis"] = redis.plant(canary)
    redis.save()
    saved = STAGING / manifest.REDIS
    redis.copy(saved)
    there, in_file = redis.keys(), redis.in_file(saved)
    # The file's head tells of its first database only.
    exact = in_file is not None and there.databases <= 1
    keys = in_file if in_file is not None and exact else there
    if not keys.all:
        raise Failed(
            "REDIS_BROKEN", "Redis' file has no key, and it was given one just before: docker logs --tail 20 redis"
        )
    files.copy(settings.files, STAGING)
    made: Json = {
        "version": 1, "id": id_, "at": time.time(), "host": settings.host, "canary": canary,
        "versions": {**versions, "images": {name: scratch.image(name) for name in settings.images}},
        "mongodb": {"collections": collections, "live": after},
        "redis": {"keys": keys.all, "expiring": keys.expiring, "exact": exact},
        "files": manifest.of_files(STAGING),
    }  # fmt: skip
    manifest.check_canary(mongodb.planted(dumped), made)
    manifest.write(made, STAGING)
    return made


def room(wanted: int, folder: Path) -> None:
    """Raises Failed where the disk of `folder` has not so many bytes, and some to spare."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < wanted + _SPARE:
        raise Failed(
            "DISK_FULL",
            f"{folder} has {free >> 20} MiB free, and {(wanted + _SPARE) >> 20} are needed for a moment: df -h {folder}",
        )


def full(error: OSError) -> Failed:
    """What could not be written, in a sentence."""
    return Failed(
        "DISK_FULL" if error.errno == 28 else "DISK", f"{error.filename or STATE}: {error.strerror}: df -h {STATE}"
    )
