"""What can happen to a store's objects behind everybody's back: a bit flips, one is lost, one is cut off."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager

from sandbox.settings import Settings
from sandbox.vendors.r2.objects import Entry, Objects


class Damage:
    """The objects of a bucket of the sandbox's R2, its daemon running or not. `prefix` may be a whole key."""

    def __init__(self, settings: Settings, bucket: str = "mech-backup") -> None:
        self._folder, self._bucket = settings.state / "r2", bucket

    def keys(self, prefix: str) -> list[str]:
        """All with this prefix, the oldest first."""
        with self._open() as objects:
            return [entry.key for entry in self._entries(objects, prefix)]

    def newest(self, prefix: str) -> str:
        return self.keys(prefix)[-1]

    def largest(self, prefix: str) -> str:
        with self._open() as objects:
            return max(self._entries(objects, prefix), key=lambda entry: entry.size).key

    def flip(self, key: str) -> None:
        """One bit in the middle is another one. The store does not notice: size and ETag are as before."""
        with self._open() as objects:
            path = objects.path(self._entry(objects, key))
            data = bytearray(path.read_bytes())
            data[len(data) // 2] ^= 1
            path.write_bytes(data)

    def lose(self, key: str) -> None:
        with self._open() as objects:
            objects.delete(self._bucket, self._entry(objects, key).key)

    def cut(self, key: str) -> None:
        """The second half is gone, and the store says so."""
        with self._open() as objects:
            entry = self._entry(objects, key)
            half = self._folder / "half"
            half.write_bytes(objects.path(entry).read_bytes()[: entry.size // 2])
            objects.put(self._bucket, key, half, entry.size // 2, entry.etag, entry.kind, entry.modified)

    @contextmanager
    def undone(self, key: str) -> Iterator[None]:
        """Whatever happens to the object meanwhile, afterwards it is as it was."""
        spare = self._folder / "spare"
        with self._open() as objects:
            entry = self._entry(objects, key)
            shutil.copyfile(objects.path(entry), spare)
        yield
        with self._open() as objects:
            objects.put(self._bucket, key, spare, entry.size, entry.etag, entry.kind, entry.modified)

    @contextmanager
    def _open(self) -> Iterator[Objects]:
        with closing(Objects(self._folder)) as objects:
            yield objects

    def _entries(self, objects: Objects, prefix: str) -> list[Entry]:
        return sorted(objects.page(self._bucket, prefix, "", "", 10**6).entries, key=lambda entry: entry.modified)

    def _entry(self, objects: Objects, key: str) -> Entry:
        entry = objects.get(self._bucket, key)
        assert entry, f"the store has no {key}"
        return entry
