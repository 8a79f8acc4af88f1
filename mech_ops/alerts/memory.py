"""What was told: the causes that are open, those that went lately, and messages that nobody took yet. A small JSON file."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mech_ops.diagnosis.causes.model import SEVERITIES, Severity
from mech_ops.errors import OpsError

_FORM = 1
PENDING = 50  # messages at most that wait; older ones are worth less than the newest


@dataclass
class Open:
    """A cause that was told. Times are ISO 8601, UTC; `restless` came back soon after it went."""

    since: str
    severity: Severity
    services: list[str]
    sentence: str
    restless: bool = False
    away: str = ""  # since when a restless one was not seen


@dataclass
class Message:
    """Plain text without a secret; `kind` is failure, warning, success or info; `waits` are the destinations' names."""

    at: str
    kind: str
    title: str
    body: str
    waits: list[str] = field(default_factory=list)


@dataclass
class Memory:
    open: dict[str, Open] = field(default_factory=dict)
    gone: dict[str, str] = field(default_factory=dict)  # by code, when it was told that it went
    pending: list[Message] = field(default_factory=list)


def read(path: Path) -> tuple[Memory, str]:
    """(what was told, why nothing is known of it): a file that is broken must not keep anybody from being told."""
    try:
        return _memory(json.loads(path.read_text(encoding="utf-8"))), ""
    except FileNotFoundError:
        return Memory(), ""
    except OSError as error:
        return Memory(), f"{path} cannot be read ({error.strerror})"
    except (ValueError, KeyError, TypeError, AttributeError):
        return Memory(), f"{path} is broken"


def write(path: Path, memory: Memory) -> None:
    """In one go, what was told first before the rest; only its owner may read it. Raises OpsError."""
    text = json.dumps({"form": _FORM, **dataclasses.asdict(memory)}, indent=1, ensure_ascii=False)
    try:
        with _beside(path) as part:
            part.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise OpsError(f"what was told cannot be noted in {path}: {error.strerror}; it would be told again") from None


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Two at once would tell everything twice. Raises OpsError while another one is at work."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise OpsError(f"what was told cannot be noted in {path.parent}: {error.strerror}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise OpsError("another `mech alert` of this stack is at work on this machine") from None
    finally:
        os.close(lock)


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[Path]:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
    os.close(handle)
    part = Path(name)
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _memory(data: dict[str, Any]) -> Memory:
    """Raises ValueError, KeyError, TypeError or AttributeError for what is not of this form."""
    if data["form"] != _FORM:
        raise ValueError("another form")
    opened = {code: Open(**about) for code, about in data["open"].items()}
    pending = [Message(**one) for one in data["pending"]]
    lists = [*(one.services for one in opened.values()), *(one.waits for one in pending)]
    texts = [*data["gone"].values(), *(text for some in lists for text in some)]
    texts += [text for one in opened.values() for text in (one.since, one.sentence, one.away)]
    texts += [text for one in pending for text in (one.at, one.kind, one.title, one.body)]
    known = all(one.severity in SEVERITIES for one in opened.values())
    if not known or not all(isinstance(part, str) for part in texts) or not all(isinstance(one, list) for one in lists):
        raise TypeError("not as it is written here")
    return Memory(opened, dict(data["gone"]), pending)
