"""What the store keeps: objects are files, and one SQLite file knows which is which. Safe against a killed daemon."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
  bucket TEXT NOT NULL, key TEXT NOT NULL, file TEXT NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL,
  kind TEXT NOT NULL, modified REAL NOT NULL, PRIMARY KEY (bucket, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS uploads (id TEXT PRIMARY KEY, bucket TEXT NOT NULL, key TEXT NOT NULL, kind TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS parts (
  upload TEXT NOT NULL, number INTEGER NOT NULL, file TEXT NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL,
  PRIMARY KEY (upload, number)) WITHOUT ROWID;
"""
_FIELDS = "key, file, size, etag, kind, modified"
_AFTER_ALL = "\U0010ffff"


@dataclass(frozen=True)
class Entry:
    """An object. `size` in bytes, `modified` in seconds of the epoch, `kind` its Content-Type."""

    key: str
    file: str
    size: int
    etag: str
    kind: str
    modified: float


@dataclass(frozen=True)
class Part:
    """One part of an upload that is not complete. `size` in bytes."""

    number: int
    file: str
    size: int
    etag: str


@dataclass(frozen=True)
class Page:
    """Objects and common prefixes, at most as many as were asked for; `after`: where the next page begins, or None."""

    entries: list[Entry]
    prefixes: list[str]
    after: str | None


class Objects:
    """The objects of all buckets, in `folder`. Another process may open the same folder."""

    def __init__(self, folder: Path) -> None:
        self._files = folder / "files"
        self._files.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(folder / "objects.sqlite", isolation_level=None, timeout=10)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        self._db.close()

    def path(self, entry: Entry | Part) -> Path:
        return self._files / entry.file

    def get(self, bucket: str, key: str) -> Entry | None:
        row = self._db.execute(f"SELECT {_FIELDS} FROM objects WHERE bucket=? AND key=?", (bucket, key)).fetchone()  # noqa: S608
        return Entry(*row) if row else None

    def put(self, bucket: str, key: str, body: Path, size: int, etag: str, kind: str, now: float) -> None:
        """Takes the file `body` as the object's content; it replaces what was there."""
        old, file = self.get(bucket, key), self._take(body)
        self._db.execute(
            "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?, ?, ?)", (bucket, key, file, size, etag, kind, now)
        )
        if old:
            self.path(old).unlink(missing_ok=True)

    def delete(self, bucket: str, key: str) -> None:
        """Takes the object away, if it is there."""
        if old := self.get(bucket, key):
            self._db.execute("DELETE FROM objects WHERE bucket=? AND key=?", (bucket, key))
            self.path(old).unlink(missing_ok=True)

    def page(self, bucket: str, prefix: str, delimiter: str, after: str, limit: int) -> Page:
        """What follows `after` in the order of keys. With a delimiter, keys that share what stands before it are one."""
        entries: list[Entry] = []
        prefixes: list[str] = []
        while len(entries) + len(prefixes) < limit:
            want = limit - len(entries) - len(prefixes)
            rows = self._following(bucket, prefix, after, want)
            for entry in rows:
                head, found, _ = entry.key[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
                if found:
                    prefixes.append(prefix + head + delimiter)
                    after = prefixes[-1] + _AFTER_ALL
                    break
                entries.append(entry)
                after = entry.key
            else:
                if len(rows) < want:
                    return Page(entries, prefixes, None)
        more = bool(self._following(bucket, prefix, after, 1))
        return Page(entries, prefixes, after if more else None)

    def _following(self, bucket: str, prefix: str, after: str, limit: int) -> list[Entry]:
        rows = self._db.execute(
            f"SELECT {_FIELDS} FROM objects WHERE bucket=? AND key>? AND key>=? AND key<? ORDER BY key LIMIT ?",  # noqa: S608
            (bucket, after, prefix, prefix + _AFTER_ALL, limit),
        )
        return [Entry(*row) for row in rows]

    def begin(self, bucket: str, key: str, kind: str) -> str:
        """The id of a new multipart upload."""
        id = secrets.token_urlsafe(48)
        self._db.execute("INSERT INTO uploads VALUES (?, ?, ?, ?)", (id, bucket, key, kind))
        return id

    def upload(self, id: str, bucket: str, key: str) -> str | None:
        """The Content-Type of an upload that was begun for this key and is not complete, or None."""
        row = self._db.execute(
            "SELECT kind FROM uploads WHERE id=? AND bucket=? AND key=?", (id, bucket, key)
        ).fetchone()
        return str(row[0]) if row else None

    def put_part(self, id: str, number: int, body: Path, size: int, etag: str) -> None:
        old = [part for part in self.parts(id) if part.number == number]
        self._db.execute(
            "INSERT OR REPLACE INTO parts VALUES (?, ?, ?, ?, ?)", (id, number, self._take(body), size, etag)
        )
        self._drop(old)

    def parts(self, id: str) -> list[Part]:
        rows = self._db.execute("SELECT number, file, size, etag FROM parts WHERE upload=? ORDER BY number", (id,))
        return [Part(*row) for row in rows]

    def end(self, id: str) -> None:
        """Forgets an upload and its parts."""
        parts = self.parts(id)
        self._db.execute("DELETE FROM parts WHERE upload=?", (id,))
        self._db.execute("DELETE FROM uploads WHERE id=?", (id,))
        self._drop(parts)

    def _take(self, body: Path) -> str:
        name = secrets.token_hex(16)
        body.rename(self._files / name)
        return name

    def _drop(self, parts: Iterable[Part]) -> None:
        for part in parts:
            self.path(part).unlink(missing_ok=True)
