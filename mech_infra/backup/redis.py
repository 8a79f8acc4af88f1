"""Redis in its container: a save that is waited for, and its file; its append-only files hold nothing that this one lacks.

A snapshot of Redis is of one instant, and has a checksum; a copy of append-only files under load has neither.
"""

from __future__ import annotations

import re
import shutil
import struct
import time
from dataclasses import dataclass
from pathlib import Path

from mech_infra.backup import child
from mech_infra.backup.words import Failed
from mech_infra.commands.redis import LOGIN
from mech_infra.commands.volume import DATA
from mech_infra.facts.host.onhost import text

CONTAINER = "redis"
CANARY = "mech:backup:canary"
FILE = Path(DATA, "redis", "dump.rdb")
_CALL_S, _SAVE_S = 30, 1800


@dataclass(frozen=True)
class Keys:
    """How many it has, and how many of them end by themselves."""

    all: int
    expiring: int
    databases: int = 1


def plant(value: str, login: Path = Path(LOGIN)) -> str:
    """The server's version; it then has the canary. Raises Failed."""
    said = ask(f"set {CANARY} {value}\ninfo server", login=login)
    if said.partition("\n")[0].strip() != "OK":
        raise Failed(
            "REDIS_REFUSES", "Redis does not take a write, so that no canary can be put into it: mech diagnose"
        )
    return _fields(said).get("redis_version", "")


def save(login: Path = Path(LOGIN)) -> None:
    """Have it write its file, in the background as always, and wait for its end. Raises Failed."""
    end = time.monotonic() + _SAVE_S
    before = _info("persistence", login)
    while before.get("rdb_bgsave_in_progress") == "1":  # of before the canary
        _soon(end)
        before = _info("persistence", login)
    said = ask("bgsave", login=login)
    # While its log is rewritten it saves after that.
    if "started" not in said and "scheduled" not in said:
        ask("bgsave schedule", login=login)
    while True:
        _soon(end)
        now = _info("persistence", login)
        if now.get("rdb_bgsave_in_progress") == "0" and int(now.get("rdb_saves", "0")) != int(
            before.get("rdb_saves", "0")
        ):
            return
        if now.get("rdb_last_bgsave_status") == "err":
            raise Failed("REDIS_SAVE", "Redis could not save its data (BGSAVE failed): docker logs --tail 20 redis")


def _soon(end: float) -> None:
    if time.monotonic() > end:
        raise Failed("TOO_SLOW", f"Redis did not save its data within {_SAVE_S} s: docker logs --tail 20 redis")
    time.sleep(0.3)


def copy(into: Path, source: Path = FILE) -> None:
    """Raises Failed. It replaces its file at once, so that who has it open has a whole one."""
    try:
        shutil.copyfile(source, into)
    except FileNotFoundError:
        raise Failed(
            "REDIS_SAVE", f"Redis has saved, and {source} is not there: is the data volume mounted? pulumi up"
        ) from None


def keys(container: str = CONTAINER, login: Path | None = Path(LOGIN)) -> Keys:
    """Of all its databases. Raises Failed."""
    found = re.findall(r"^db\d+:keys=(\d+),expires=(\d+)", ask("info keyspace", container, login), re.M)
    return Keys(sum(int(all_) for all_, _ in found), sum(int(some) for _, some in found), len(found))


def planted(container: str, login: Path | None = None) -> str:
    """The canary; without `login`, of a Redis that asks nobody. Raises Failed."""
    return ask(f"get {CANARY}", container, login).strip()


def answers(container: str) -> bool:
    try:
        return ask("ping", container, None).strip() == "PONG"
    except Failed:
        return False


def in_file(path: Path) -> Keys | None:
    """Of the first database in the file, as its head says; None where it has none, or says nothing. Raises Failed.

    The format: redis/src/rdb.h and rdb.c (AUX 250, SELECTDB 254, RESIZEDB 251, EOF 255).
    """
    with path.open("rb") as file:
        data = file.read(1 << 16)
    if not re.match(rb"REDIS\d{4}", data):
        raise Failed("REDIS_BROKEN", "what Redis has saved is no file of Redis: docker logs --tail 20 redis")
    at = 9
    try:
        while True:
            kind, at = data[at], at + 1
            if kind == 250:
                at = _after_text(data, _after_text(data, at))
            elif kind == 254:
                _, at = _length(data, at)
            elif kind == 251:
                all_, at = _length(data, at)
                return Keys(all_, _length(data, at)[0])
            else:
                return Keys(0, 0) if kind == 255 else None
    except (IndexError, struct.error):
        return None


def _length(data: bytes, at: int) -> tuple[int, int]:
    """(number, where what follows begins)"""
    first = data[at]
    if first >> 6 == 0:
        return first & 63, at + 1
    if first >> 6 == 1:
        return (first & 63) << 8 | data[at + 1], at + 2
    if first == 0x80:
        return int(struct.unpack_from(">I", data, at + 1)[0]), at + 5
    return int(struct.unpack_from(">Q", data, at + 1)[0]), at + 9


def _after_text(data: bytes, at: int) -> int:
    if data[at] >> 6 == 3:  # a number, or compressed, which no AUX field is
        return at + 1 + {0: 1, 1: 2, 2: 4}[data[at] & 63]
    size, at = _length(data, at)
    return at + size


def _info(section: str, login: Path) -> dict[str, str]:
    return _fields(ask(f"info {section}", login=login))


def _fields(said: str) -> dict[str, str]:
    return dict(line.strip().split(":", 1) for line in said.splitlines() if re.match(r"\w+:", line))


def ask(command: str, container: str = CONTAINER, login: Path | None = Path(LOGIN)) -> str:
    """What it answers to one command. Raises Failed."""
    known = _known(login)
    done = child.run(
        "docker", "exec", "-i", container, "redis-cli", limit_s=_CALL_S, given=f"{known}{command}\n".encode()
    )
    lines = done.out.splitlines(keepends=True)
    said = "".join(lines[1:] if known else lines)
    if done.code:
        last = done.said.splitlines()[-1:] or ["no word"]
        raise Failed(
            "REDIS_DOWN", f"Redis in the container {container} does not answer ({last[0][:200]}): mech diagnose"
        )
    if re.match(r"NOAUTH|WRONGPASS|NOPERM", said):
        raise Failed("REDIS_REFUSES", "Redis does not let root on the host in: pulumi up")
    return said


def _known(login: Path | None) -> str:
    """What lets root on the host in; "" where nobody is asked for a password."""
    return text(login) or "" if login else ""
