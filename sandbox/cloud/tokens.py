"""The API tokens, read again when credentials.json changes, so that a rotated token works without a restart."""

from __future__ import annotations

import hmac

from sandbox import credentials
from sandbox.settings import Settings


class Tokens:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._values = credentials.ensure(settings)
        self._seen = self._stamp()

    def __getitem__(self, name: str) -> str:
        stamp = self._stamp()
        if stamp != self._seen:
            self._values, self._seen = credentials.ensure(self._settings), stamp
        return self._values[name]

    def matches(self, name: str, given: str) -> bool:
        return hmac.compare_digest(self[name].encode(), given.encode())

    def _stamp(self) -> tuple[int, int]:
        try:
            stat = self._settings.credentials.stat()
        except FileNotFoundError:
            return (0, 0)
        return (stat.st_mtime_ns, stat.st_ino)
