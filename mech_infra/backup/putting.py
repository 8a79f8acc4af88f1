"""A snapshot into what serves, one kind of data after the other, each compared with the manifest before the next."""

from __future__ import annotations

import shutil
from pathlib import Path

from mech_infra.backup import archive, child, manifest, mongodb, redis, services, swapping
from mech_infra.backup.selecting import Selection
from mech_infra.backup.words import Failed, Json
from mech_infra.commands.nginx import CERTIFICATE
from mech_infra.commands.redis import LOGIN

_RELOAD_S = 30


def into_mongodb(wanted: Selection, about: Json, folder: Path) -> list[str]:
    """Collections that are meant, and no snapshot's: they were left as they are. Raises Failed."""
    mongodb.replace(folder / manifest.MONGODB, wanted.patterns)
    again = folder / "again.archive"
    mongodb.dump(again)
    there = {name: one for name, one in archive.read(again).items() if wanted.has(name)}
    meant = {name: one for name, one in about["mongodb"]["collections"].items() if wanted.has(name)}
    found = manifest.of_collections({name: one for name, one in there.items() if name in meant})
    manifest.check_same({"mongodb": {"collections": meant}}, found, "MongoDB", "RESTORE_DIFFERS")
    return sorted(name for name, one in there.items() if name not in meant and one.documents)


def into_redis(about: Json, saved: Path) -> None:
    """Raises Failed or OSError; Redis runs then with the files that it had before."""
    try:
        services.stop_database(redis.CONTAINER)
        swapping.put(saved, swapping.logs())
        services.start_database(redis.CONTAINER, redis.answers)
        manifest.check_redis(about, redis.keys().all, redis.planted(redis.CONTAINER, Path(LOGIN)))
    except BaseException:
        redis_again()
        raise
    swapping.forget()


def redis_again() -> None:
    """Redis runs, with its former files where others were on the way into their places. Raises Failed, OSError."""
    if (swapping.ROOM / swapping.ASIDE).is_dir():
        services.stop_database(redis.CONTAINER)
        swapping.back()
    services.start_database(redis.CONTAINER, redis.answers)


def into_files(room: Path) -> None:
    """Each in its place, whole, with the mode and owner that it had; nginx reads its certificate anew. Raises Failed, OSError."""
    for path in sorted(room.rglob("*")):
        if not path.is_file():
            continue
        target = Path("/", path.relative_to(room))
        new = target.with_name(f"{target.name}.restored")
        new.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        shutil.copy2(path, new)
        about = path.stat()
        shutil.chown(new, about.st_uid, about.st_gid)
        new.replace(target)
    if (room / CERTIFICATE.lstrip("/")).exists():
        for words in (("nginx", "-t"), ("systemctl", "reload", "nginx")):
            done = child.run(*words, limit_s=_RELOAD_S)
            if done.code:
                raise Failed(
                    "NGINX", f"nginx does not take the certificate: {(done.said.splitlines() or ['no word'])[-1][:200]}"
                )
