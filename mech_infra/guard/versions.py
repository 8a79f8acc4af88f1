"""Which version of a database's image does not start on the data that are there, purely.

Sources: MongoDB's "Upgrade a Standalone to 7.0" (from the release before only, whose featureCompatibilityVersion is set)
and "Downgrade 7.0 to 6.0" (no longer since 7.0; before, one release back whose featureCompatibilityVersion is set);
RDB_VERSION in src/rdb.h of Redis' releases (an older Redis ends with "Can't handle RDB format version").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from mech_infra.guard.judging import IMAGE, Finding

Version = tuple[int, ...]
# By Redis' release, what it reads at most; of others it is not known.
_RDB: Mapping[Version, int] = {(5, 0): 9, (6, 0): 9, (6, 2): 9, (7, 0): 10, (7, 2): 11, (7, 4): 12, (8, 0): 12}
# A tag without a minor version is the newest of its major one.
_RDB_OF_MAJOR: Mapping[int, int] = {5: 9, 6: 9, 7: 12}
# By that format, the first major version that writes it: Redis' own where its tag does not say it.
_MAJOR_OF: Mapping[Any, int] = {reads: version[0] for version, reads in sorted(_RDB.items(), reverse=True)}
# From 5.0 on, a major version is a release of MongoDB.
_BEFORE_5: Mapping[Version, int] = {(3, 6): 0, (4, 0): 1, (4, 2): 2, (4, 4): 3, (4,): 3}


def of(reference: str, name: str) -> Version | None:
    """The version that an image reference of `name` says: mongo:7.0.14-jammy is (7, 0, 14), mongo:latest nothing."""
    repository, _, tag = reference.partition("@")[0].rpartition(":")
    match = re.match(r"v?(\d+(?:\.\d+)*)(?:-|$)", tag)
    return _numbers(match[1]) if match and repository.rpartition("/")[2] == name else None


def mongodb(had: str, wanted: str, facts: Mapping[str, Any]) -> Iterator[Finding]:
    """`facts` are what the server that runs says of itself and of its data, as far as it was asked: version, fcv."""
    new, old = of(wanted, "mongo"), _numbers(facts.get("version")) or of(had, "mongo")
    to, at = _place(new or (0,)), _place(old or (0,))
    if new is None or old is None or to is None or at is None:
        return
    data = _numbers(facts.get("fcv"))
    format_ = at if data is None else _place(data)
    confirm = ", confirm: true" if old[0] >= 7 else ""
    if _older(new, old):
        if old[0] >= 7 or format_ != to:
            yield Finding(IMAGE, "images-mongodb", "downgrade", f"{wanted} is older than {_text(old)}, which wrote its data",
                          _leave("mongodb", had, "to go back, dump them with mongodump and restore them into an empty database"))  # fmt: skip
    elif to - at > 1:
        yield Finding(IMAGE, "images-mongodb", "skip", f"{had} → {wanted} skips a release, and MongoDB reads the data of the one before only",
                      _leave("mongodb", had, f"and go by every release between {_text(old)} and {_text(new)}, each with its own pulumi up"))  # fmt: skip
    elif data and format_ is not None and to - format_ > 1:
        yield Finding(IMAGE, "images-mongodb", "skip", f"its data are still as {_text(data)} has them (featureCompatibilityVersion), which {wanted} does not read",
                      _leave("mongodb", had, f"and let MongoDB run db.adminCommand({{setFeatureCompatibilityVersion: '{_release(old)}'{confirm}}}) first"))  # fmt: skip


def redis(had: str, wanted: str, facts: Mapping[str, Any]) -> Iterator[Finding]:
    """`facts`: rdb, the newest format of a file of its data, where that was asked."""
    new, old = of(wanted, "redis"), of(had, "redis")
    if new is None:
        return
    reads = _RDB.get(new[:2]) if len(new) > 1 else _RDB_OF_MAJOR.get(new[0])
    data = facts.get("rdb")
    if reads and data:
        why = f"{wanted} reads format {reads} at most, and its data are in format {data}" if data > reads else ""
    else:
        why = f"{wanted} is older than {had}, which wrote its data" if old and new[0] < old[0] else ""
    if why:
        yield Finding(IMAGE, "images-redis", "downgrade", why,
                      _leave("redis", had, "to go back, begin with an empty /opt/mech-services/shared/data/redis"))  # fmt: skip


def next_major(database: str, had: str, wanted: str, facts: Mapping[str, Any]) -> bool:
    """Whether `wanted` is of a later major version than what wrote the data: a way that leads back by a backup alone."""
    name = "mongo" if database == "mongodb" else database
    new, old = of(wanted, name), _numbers(facts.get("version")) or of(had, name)
    if new is None:
        return False
    if database == "mongodb":
        to, at = _place(new), _place(old or (0,))
        return to is not None and at is not None and to > at
    return new[0] > (old[0] if old else _MAJOR_OF.get(facts.get("rdb"), new[0]))


def _leave(database: str, had: str, then: str) -> str:
    return f"leave mech:datastores.{database}.image at {had}; {then}"


def _numbers(text: Any) -> Version | None:
    return (
        tuple(int(part) for part in text.split("."))
        if isinstance(text, str) and re.fullmatch(r"\d+(\.\d+)*", text)
        else None
    )


def _older(new: Version, old: Version) -> bool:
    """By release; where the tag leaves the minor version open, by the major one."""
    known = min(len(new), len(old), 2)
    return new[:known] < old[:known]


def _place(version: Version) -> int | None:
    """Among the releases, of which each reads its own data and those of the one before; None: not known."""
    return version[0] - 1 if version[0] >= 5 else _BEFORE_5.get(version[:2])


def _release(version: Version) -> str:
    return f"{version[0]}.{version[1] if len(version) > 1 else 0}"


def _text(version: Version) -> str:
    return ".".join(map(str, version))
