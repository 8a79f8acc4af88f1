"""Mutes: causes that people know of, which are still shown and wake nobody, for a time, or until they get worse.

They stand in Pulumi.STACK.mutes.jsonl beside the stack's config, a line each time that somebody mutes or unmutes: it is its
own audit log, a commit shares it, and no `pulumi up` or history sees it (a key of the config would be a change that nobody
applied; a file on the host would be gone with it).
"""

from __future__ import annotations

import datetime as dt
import getpass
import json
import os
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mech_ops.diagnosis.causes.model import SEVERITIES, Severity, worse
from mech_ops.errors import OpsError

Json = dict[str, Any]


@dataclass(frozen=True)
class Mute:
    """`severity` and `failing` (services) are those of the cause when it was muted: worse than that ends it."""

    code: str
    who: str
    because: str
    since: dt.datetime
    until: dt.datetime
    severity: Severity
    failing: tuple[str, ...]

    def outgrown(self, severity: Severity, failing: Iterable[str]) -> str:
        """How it is worse now; empty while it is not."""
        return worse((self.severity, self.failing), (severity, failing))

    def words(self) -> str:
        return f"by {self.who} until {self.until:%Y-%m-%d %H:%M} UTC: {self.because}"

    def data(self) -> Json:
        return {
            "code": self.code, "who": self.who, "because": self.because, "since": self.since.isoformat(),
            "until": self.until.isoformat(), "severity": self.severity, "failing": list(self.failing),
        }  # fmt: skip


def place(folder: Path, stack: str) -> Path:
    """The file of a stack; `stack` may have an organization before its name."""
    return folder / f"Pulumi.{stack.rpartition('/')[2]}.mutes.jsonl"


def read(path: Path, now: dt.datetime) -> dict[str, Mute]:
    """By code, those that are in force. Raises OpsError for a file that is not of this form."""
    found: dict[str, Mute] = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise OpsError(f"{path.name} cannot be read: {error}") from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            found.pop(entry["code"], None)
            if entry["did"] == "mute":
                found[entry["code"]] = _mute(entry)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise OpsError(f"{path.name}, line {number} is no note of a mute; take that line out") from None
    return {code: mute for code, mute in found.items() if mute.until > now}


def mute(path: Path, wanted: Mute) -> None:
    """Note it. Raises OpsError."""
    _append(path, {"at": wanted.since.isoformat(), "did": "mute", **wanted.data()})


def end(path: Path, code: str, now: dt.datetime, who: str, because: str) -> None:
    """Note that it is not muted any more. Raises OpsError."""
    _append(path, {"at": now.isoformat(), "did": "unmute", "code": code, "who": who, "because": because})


def me() -> str:
    """Who does it: in CI who started the run."""
    try:
        user = os.environ.get("GITHUB_ACTOR") or getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in some containers
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def _mute(entry: Mapping[str, Any]) -> Mute:
    since, until = (dt.datetime.fromisoformat(entry[key]) for key in ("since", "until"))
    if None in (since.tzinfo, until.tzinfo):
        raise ValueError("a time without its zone")
    severity = next((known for known in SEVERITIES if known == entry["severity"]), None)
    if severity is None:
        raise ValueError("a severity that nobody knows")
    code, who, because = (str(entry[key]) for key in ("code", "who", "because"))
    return Mute(code, who, because, since, until, severity, tuple(map(str, entry["failing"])))


def _append(path: Path, entry: Json) -> None:
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")
    except OSError as error:
        raise OpsError(f"{path} cannot be written: {error.strerror}") from None
