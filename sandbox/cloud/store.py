"""What the clouds remember: JSON records by kind and id in one SQLite file, safe against crashes and threads."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Json = dict[str, Any]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS records (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
  UNIQUE (kind, id));
"""


class Store:
    """Records keep the order of their creation. Every write is a transaction; `transaction` groups several."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Touched first: the file holds passwords of hosts, and sqlite3 would create it world-readable.
        path.touch(mode=0o600)
        self._lock = threading.RLock()
        self._depth = 0
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All writes inside happen or none does; nests, and keeps other threads out meanwhile."""
        with self._lock:
            if self._depth == 0:
                self._db.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._db.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._db.execute("COMMIT")

    def get(self, kind: str, id: str) -> Json | None:
        with self._lock:
            row = self._db.execute("SELECT body FROM records WHERE kind=? AND id=?", (kind, id)).fetchone()
        return None if row is None else _read(row[0])

    def put(self, kind: str, id: str, body: Json) -> Json:
        """Insert, or replace in place (the order stays); returns `body`."""
        with self.transaction():
            self._db.execute(
                "INSERT INTO records (kind, id, body) VALUES (?, ?, ?) "
                "ON CONFLICT (kind, id) DO UPDATE SET body=excluded.body",
                (kind, id, json.dumps(body)),
            )
        return body

    def delete(self, kind: str, id: str) -> bool:
        """Whether there was such a record."""
        with self.transaction():
            return self._db.execute("DELETE FROM records WHERE kind=? AND id=?", (kind, id)).rowcount > 0

    def all(self, kind: str) -> list[Json]:
        """Every record of a kind, oldest first."""
        with self._lock:
            rows = self._db.execute("SELECT body FROM records WHERE kind=? ORDER BY seq", (kind,)).fetchall()
        return [_read(row[0]) for row in rows]

    @property
    def version(self) -> tuple[int, int]:
        """Another one whenever records may have changed, by us or by another process."""
        with self._lock:
            return self._db.total_changes, int(self._db.execute("PRAGMA data_version").fetchone()[0])

    def update(self, kind: str, id: str, change: Callable[[Json], None]) -> Json | None:
        """Read, change, write in one transaction; None where the record is gone."""
        with self.transaction():
            body = self.get(kind, id)
            if body is not None:
                change(body)
                self.put(kind, id, body)
        return body


def _read(text: str) -> Json:
    body: Json = json.loads(text)
    return body
