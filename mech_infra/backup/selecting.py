"""What of a snapshot is to be restored, as people write it: mongodb.mech.jobs, mongodb.mech, mongodb, redis, files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mech_infra import catalogue
from mech_infra.backup.archive import OWN
from mech_infra.catalogue import Service

_DATABASE = re.compile(r"[A-Za-z0-9_-]{1,63}")
_COLLECTION = re.compile(r"[^\s*$\x00\\][^*$\x00\\]{0,119}")
_WRITE = "write mongodb, mongodb.DATABASE, mongodb.DATABASE.COLLECTION, redis or files"


@dataclass(frozen=True)
class Selection:
    """`patterns` are MongoDB's, as mongorestore's --nsInclude has them: * is everything."""

    patterns: tuple[str, ...] = ()
    redis: bool = False
    files: bool = False

    def has(self, namespace: str) -> bool:
        """Whether DATABASE.COLLECTION is meant."""
        names = (namespace, f"{namespace.partition('.')[0]}.*", "*")
        return any(pattern in names for pattern in self.patterns)

    def writers(self) -> list[list[Service]]:
        """Services that write to it, in the order in which they start: of two groups the second calls the first."""
        stores = {name for name, meant in (("mongodb", self.patterns), ("redis", self.redis)) if meant}
        found = [one for one in catalogue.SERVICES.values() if stores & set(one.datastores)]
        groups = [[one for one in found if not one.calls], [one for one in found if one.calls]]
        return [group for group in groups if group]

    def words(self) -> list[str]:
        """As it is written on a command line."""
        mongodb = ["mongodb" if p == "*" else f"mongodb.{p.removesuffix('.*')}" for p in self.patterns]
        return [*mongodb, *(["redis"] if self.redis else []), *(["files"] if self.files else [])]


def selection(words: Sequence[str]) -> Selection:
    """Both databases where nothing is named; files are what `pulumi up` writes, so they are named. Raises ValueError, a sentence."""
    if not words:
        return Selection(("*",), redis=True)
    known = set(words)
    patterns = tuple(sorted({_pattern(word) for word in known - {"redis", "files"}}))
    return Selection(_without_covered(patterns), "redis" in known, "files" in known)


def _pattern(word: str) -> str:
    kind, _, rest = word.partition(".")
    database, dot, collection = rest.partition(".")
    if kind != "mongodb" or (rest == "" and word != "mongodb"):
        raise ValueError(f"{word!r} names nothing that a snapshot has; {_WRITE}")
    if word == "mongodb":
        return "*"
    if database in OWN:
        raise ValueError(f"{word!r}: the database {database} is MongoDB's own and in no snapshot; {_WRITE}")
    if not _DATABASE.fullmatch(database) or (dot and not _COLLECTION.fullmatch(collection)):
        raise ValueError(f"{word!r} is no name of a database or collection; {_WRITE}")
    return f"{database}.{collection}" if dot else f"{database}.*"


def _without_covered(patterns: Iterable[str]) -> tuple[str, ...]:
    """A whole database covers its collections."""
    found = tuple(patterns)
    if "*" in found:
        return ("*",)
    whole = {pattern for pattern in found if pattern.endswith(".*")}
    return tuple(one for one in found if one in whole or f"{one.partition('.')[0]}.*" not in whole)
