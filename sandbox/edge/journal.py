"""What the edge remembers between requests: its access log and the time-outs it reads from edge.json."""

from __future__ import annotations

import datetime as dt
import json
import logging
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TextIO

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Timeouts:
    """Seconds. Defaults: developers.cloudflare.com, errors 522 (19 s, 90 s) and 524 (120 s)."""

    connect_timeout_s: float = 19.0
    ack_timeout_s: float = 90.0  # data sent on an open connection and not acknowledged
    response_timeout_s: float = 120.0


class TimeoutFile:
    """edge.json, read again whenever it changes; what is wrong in it is logged and the default used."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._value = Timeouts()

    def read(self) -> Timeouts:
        try:
            stat = self._path.stat()
        except OSError:
            self._stamp, self._value = None, Timeouts()
            return self._value
        stamp = (stat.st_mtime_ns, stat.st_size)
        if stamp != self._stamp:
            self._stamp, self._value = stamp, self._parse()
        return self._value

    def _parse(self) -> Timeouts:
        try:
            given = json.loads(self._path.read_text())
        except (OSError, ValueError) as error:
            log.warning("edge: %s is not readable JSON (%s); default time-outs are used", self._path, error)
            return Timeouts()
        values: dict[str, float] = {}
        for name in (f.name for f in fields(Timeouts)):
            value = given.get(name) if isinstance(given, dict) else None
            if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 6000:
                values[name] = float(value)
            elif value is not None:
                log.warning("edge: %s in %s must be seconds between 0 and 6000", name, self._path)
        return Timeouts(**values)


class AccessLog:
    """One JSON object a line; no headers, no query strings, no bodies."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: TextIO = path.open("a", buffering=1)

    def write(self, **entry: Any) -> None:
        when = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        if not self._file.closed:
            self._file.write(json.dumps({"time": when, **entry}) + "\n")

    def close(self) -> None:
        self._file.close()
