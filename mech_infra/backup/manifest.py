"""What a snapshot says of itself, and whether that is so. Judged without a host: what is compared is given.

manifest.json in a snapshot:

    {"version": 1, "id", "at": Unix time, "host", "canary": the value that both databases were given,
     "versions": {"mongodb", "redis", "images": {database: image id}},
     "mongodb":  {"collections": {DATABASE.COLLECTION: {"documents", "bytes", "hash"}}, "live": {DATABASE.COLLECTION: about how many}},
     "redis":    {"keys", "expiring", "exact": by the file's own head; else about so many},
     "files":    {path in the snapshot: {"bytes", "sha256"}}}
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from mech_infra.backup import archive, files
from mech_infra.backup.mongodb import CANARY
from mech_infra.backup.words import Failed, Json

FILE = "manifest.json"
MONGODB, REDIS = "mongodb.archive", "redis.rdb"
_AGAIN = "the next backup makes another; mech backup now"
_CANARY = ".".join(CANARY)


def of_files(folder: Path) -> Json:
    """Every file of a snapshot's folder but the manifest."""
    found = {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return {
        name: {"bytes": path.stat().st_size, "sha256": files.sha256(path)}
        for name, path in found.items()
        if name != FILE
    }


def of_collections(found: Mapping[str, archive.Collection]) -> Json:
    return {name: {"documents": one.documents, "bytes": one.size, "hash": one.hash} for name, one in found.items()}


def write(manifest: Json, folder: Path) -> None:
    (folder / FILE).write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n")


def read(folder: Path, expected: str) -> Json:
    """The manifest of a snapshot whose tag says `expected`. Raises Failed."""
    try:
        found = json.loads((folder / FILE).read_text())
        known = (found["version"], found["id"]) == (1, expected)
    except (OSError, ValueError, KeyError, TypeError):
        raise Failed(
            "MANIFEST_MISSING", f"the snapshot has no manifest that can be read, so it is none of ours; {_AGAIN}"
        ) from None
    if not known:
        raise Failed(
            "MANIFEST_DIFFERS",
            f"the snapshot's manifest is another snapshot's ({found['id']}, not {expected}); {_AGAIN}",
        )
    return dict(found)


def hashed(canary: str) -> str:
    """As the status keeps a canary: who reads that cannot forge a dump."""
    return hashlib.sha256(canary.encode()).hexdigest()


def check_files(manifest: Json, folder: Path) -> None:
    """Each file is there as it was. Raises Failed."""
    for name, about in manifest["files"].items():
        path = folder / name
        if not path.is_file():
            code = "FILES_MISSING" if name.startswith(files.ROOM) else "MANIFEST_DIFFERS"
            raise Failed(code, f"the snapshot has no {name}, which its manifest has; {_AGAIN}")
        if files.sha256(path) != about["sha256"]:
            raise Failed("MANIFEST_DIFFERS", f"{name} in the snapshot is not what its manifest says it was; {_AGAIN}")


def check_canary(planted: Mapping[str, str], manifest: Json) -> None:
    """The dump has this backup's own canary: it is of the right server, and of then. Raises Failed."""
    if planted.get(manifest["id"]) != manifest["canary"]:
        raise Failed(
            "CANARY_MISSING",
            "the dump of MongoDB has not the canary that was written just before it: it is of another server or of another "
            f"time; {_AGAIN}",
        )


def check_dump(collections: Json, before: Mapping[str, int], after: Mapping[str, int]) -> None:
    """It has what the server had before and after it. Numbers of the server's are about so many. Raises Failed."""
    steady = {name: min(count, after[name]) for name, count in before.items() if after.get(name) and name != _CANARY}
    there = {name: about["documents"] for name, about in collections.items() if name != _CANARY}
    if not steady:
        return
    if not sum(there.values()):
        raise Failed(
            "DUMP_EMPTY",
            f"the dump of MongoDB is empty, and MongoDB has {len(steady)} collections with documents; {_AGAIN}",
        )
    if not {name.partition(".")[0] for name in there} & {name.partition(".")[0] for name in steady}:
        raise Failed(
            "DUMP_WRONG",
            f"the dump is of other databases ({_few(there)}) than MongoDB has ({_few(steady)}); {_AGAIN}",
        )
    for name, count in sorted(steady.items()):
        if there.get(name, 0) * 2 < count:
            raise Failed(
                "DUMP_WRONG",
                f"the dump has {there.get(name, 0)} documents of {name}, and MongoDB about {count}; {_AGAIN}",
            )


def check_same(manifest: Json, found: Json, where: str, code: str) -> None:
    """Collections as the manifest has them, in number and hash. Raises Failed."""
    declared = manifest["mongodb"]["collections"]
    for name in sorted({*declared, *found}):
        known, there = declared.get(name), found.get(name)
        if known is None or there is None:
            raise Failed(
                code, f"{where} {'lacks' if there is None else 'has, beside what was dumped,'} {name}; {_AGAIN}"
            )
        if known["documents"] != there["documents"]:
            raise Failed(
                code,
                f"{where} has {there['documents']} documents of {name}, and {known['documents']} were dumped; {_AGAIN}",
            )
        if known["hash"] != there["hash"]:
            raise Failed(code, f"{where} has other documents of {name} than were dumped (their hash differs); {_AGAIN}")


def check_redis(manifest: Json, keys: int, canary: str) -> None:
    """What a Redis has that read the snapshot's file; keys that end by themselves may be gone. Raises Failed."""
    about = manifest["redis"]
    if canary != manifest["canary"]:
        raise Failed(
            "CANARY_MISSING",
            "Redis' file has not the canary that was written just before it: it is of another server or of another time; "
            f"{_AGAIN}",
        )
    least = (about["keys"] - about["expiring"]) // (1 if about["exact"] else 2)
    if keys < least or (about["exact"] and keys > about["keys"]):
        raise Failed("REDIS_DIFFERS", f"Redis has {keys} keys of the {about['keys']} that were saved; {_AGAIN}")


def _few(names: Mapping[str, int]) -> str:
    databases = sorted({name.partition(".")[0] for name in names})
    return ", ".join(databases[:3]) + (", …" if len(databases) > 3 else "")
