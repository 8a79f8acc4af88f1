"""MongoDB in its container: a canary, what it has, a dump by its own tool, and that dump into another one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from mech_infra.backup import archive, child, faults
from mech_infra.backup.words import Failed
from mech_infra.commands.mongodb import LOGIN
from mech_infra.facts.host.onhost import text

CONTAINER = "mongodb"
CANARY = ("mech_backup", "canary")
_CALL_S, _DUMP_S = 60, 4 * 3600


def plant(canary: str, value: str, login: Path = Path(LOGIN)) -> str:
    """The server's version; it then has the one document whose value is known: a dump with that has its newest write. Raises Failed."""
    database, collection = map(json.dumps, CANARY)
    where = f"db.getSiblingDB({database}).getCollection({collection})"
    one = json.dumps({"_id": canary, "value": value})
    # One call for all: a shell of MongoDB's takes a second of the server's own cores to start.
    said = _shell(f"{where}.deleteMany({{}})\n{where}.insertOne({one})\nprintjson(db.version())\n", login)
    found = re.search(r"\d+(?:\.\d+)+", said.strip().rpartition("\n")[2])
    return found[0] if found else ""


def planted(path: Path) -> dict[str, str]:
    """The canary of a dump, id to value. Raises Failed."""
    found = archive.read(path, keep=".".join(CANARY)).get(".".join(CANARY))
    return {one["_id"]: one["value"] for one in map(archive.strings, found.kept if found else []) if "_id" in one}


def live(login: Path = Path(LOGIN)) -> dict[str, int]:
    """About how many documents each collection has that is there now. Raises Failed."""
    said = _shell('printjson(db.adminCommand({"listDatabases": 1, "nameOnly": true}))\n', login)
    databases = [name for name in re.findall(r"\bname: '([^']+)'", said) if name not in archive.OWN]
    return counted(list(_collections(databases, login)), login)


def counted(names: Sequence[str], login: Path = Path(LOGIN)) -> dict[str, int]:
    """About how many documents each of these DATABASE.COLLECTION has; 0 for one that is gone. Raises Failed."""
    if not names:
        return {}
    calls = ""
    for database, _, name in (name.partition(".") for name in names):
        where = f"db.getSiblingDB({json.dumps(database)}).getCollection({json.dumps(name)})"
        calls += f"printjson({where}.estimatedDocumentCount())\n"
    counts = re.findall(r"^\D*(\d+)\D*$", _shell(calls, login), re.M)[-len(names) :]
    return {name: int(count) for name, count in zip(names, counts, strict=True)}


def _collections(databases: Sequence[str], login: Path) -> Iterator[str]:
    calls = (
        f'printjson(db.getSiblingDB({json.dumps(one)}).runCommand({{"listCollections": 1}}))\n' for one in databases
    )
    listings = re.split(r"\{\s*cursor:\s*\{", _shell("".join(calls), login))[1:] if databases else []
    for database, said in zip(databases, listings, strict=True):
        for name, kind in re.findall(r"\bname: '([^']+)',\s*type: '(\w+)'", said):
            if kind == "collection" and not name.startswith("system."):
                yield f"{database}.{name}"


def dump(into: Path, container: str = CONTAINER, login: Path | None = Path(LOGIN)) -> None:
    """All databases into one file, by mongodump in the container; nobody is locked out meanwhile. Raises Failed."""
    words = ["mongodump", "--archive", "--numParallelCollections=1"]
    config = connection(login)
    if config is not None:
        words.insert(1, "--config=/dev/stdin")
    done = child.run("docker", "exec", "-i", container, *words, limit_s=_DUMP_S, given=config or b"", into=into)
    if done.code:
        raise faults.mongodb("mongodump", done.said)


def load(path: Path, container: str) -> None:
    """A dump into a MongoDB that asks nobody for a password. Raises Failed."""
    with path.open("rb") as file:
        done = child.run("docker", "exec", "-i", container, "mongorestore", "--archive", limit_s=_DUMP_S, given=file)
    if done.code:
        raise faults.mongodb("mongorestore", done.said)


# The first line of standard input is the tool's config, which it takes as a file; the rest is the archive.
_BESIDE = 'IFS= read -r config; exec 4<&0; printf "%s\\n" "$config" | { exec 3<&0 0<&4; exec mongorestore --config=/dev/fd/3 "$@"; }'


def replace(path: Path, include: Iterable[str], login: Path = Path(LOGIN)) -> None:
    """Put the dump's collections of these patterns into the MongoDB that serves, in the place of what it has. Raises Failed."""
    words = ["--archive", "--drop", *(f"--nsInclude={pattern}" for pattern in include)]
    words += [f"--nsExclude={database}.*" for database in archive.OWN]
    config = connection(login)
    tool = ["mongorestore"] if config is None else ["sh", "-c", _BESIDE, "sh"]
    with child.after(config or b"", path) as given:
        done = child.run("docker", "exec", "-i", CONTAINER, *tool, *words, limit_s=_DUMP_S, given=given)
    if done.code:
        raise faults.mongodb("mongorestore", done.said)


def connection(login: Path | None) -> bytes | None:
    """The tools' config file with the password of root on the host in it; None where MongoDB asks nobody. Raises Failed."""
    known = _known(login)
    if not known:
        return None
    match = re.search(r"db\.auth\((\{.*\})\)", known)
    if match is None:
        raise Failed("NOT_SET_UP", f"{login} does not say who root on the host is to MongoDB: pulumi up")
    about = json.loads(match[1])
    who = f"{quote(about['user'], safe='')}:{quote(about['pwd'], safe='')}"
    return f"uri: {json.dumps(f'mongodb://{who}@127.0.0.1:27017/?authSource=admin')}\n".encode()


def answers(container: str) -> bool:
    try:
        _shell('printjson(db.adminCommand({"ping": 1}))\n', None, container)
    except Failed:
        return False
    return True


def _shell(script: str, login: Path | None, container: str = CONTAINER) -> str:
    words = ("docker", "exec", "-i", container, "mongosh", "--quiet", "admin", "--file", "/dev/stdin")
    done = child.run(*words, limit_s=_CALL_S, given=f"{_known(login)}{script}".encode())
    if done.code:
        raise faults.mongodb("mongosh", done.said)
    return done.out


def _known(login: Path | None) -> str:
    """What lets root on the host in; "" where nobody is asked for a password."""
    return text(login) or "" if login else ""
