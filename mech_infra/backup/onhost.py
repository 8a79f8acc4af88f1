"""The command on the host; /usr/local/sbin/mech-backup is this module with what it imports (mech_infra/packing.py).

    mech-backup [--wire] [--who WHO] [--wait S] now [--fast] | prove [--fast] | list | check | retain
    mech-backup fresh                                      0 while no backup is due
    mech-backup [--wire] fetch --into FOLDER [--at WHEN]    a snapshot's files, compared with their manifest
    mech-backup [--wire] look | restore-scratch [--keep S] | restore-live [--without-backup]  [--at WHEN] [--only WHAT]…
    mech-backup mend                                       what a restore that was killed has stopped runs again

WHEN is a snapshot's id (its first characters), or a time (2026-11-27T10:00, UTC): the last one that was made before it; without
it the newest. Exit codes: 0 it went well; 2 a backup is bad or missing; 1 it could not be made or looked at. With --wire a
record a line for `mech`, each after MARK:

    {"kind": "progress"|"alive"|"ready"|"failed"|"end", ...}: "failed" has code and says; "ready" (a scratch restore, until it is
    ended) and "end" have `result`, "end" code, which is the exit code
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import fcntl
import json
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from mech_infra.backup import faults, journal, pacing, proving, restoring, selecting, services, settings, status, taking
from mech_infra.backup.choosing import chosen
from mech_infra.backup.restic import Repository, repository
from mech_infra.backup.words import LIVE, Failed, Json

MARK = "MECH-BACKUP "
ALIVE_S = 3.0


class Voice:
    """What is told, as sentences or (`wire`) as records; nobody who stops listening stops a backup."""

    def __init__(self, wire: bool) -> None:
        self.wire, self._speaking = wire, threading.Lock()

    def tell(self, kind: str, **about: object) -> None:
        line = MARK + json.dumps({"kind": kind, **about}) if self.wire else str(about.get("says", ""))
        if line:
            with self._speaking, contextlib.suppress(OSError):
                print(line, flush=True)

    def heard(self) -> bool:
        """Whether somebody is there still."""
        there = select.poll()
        there.register(sys.stdout.fileno(), 0)
        return not there.poll(0)

    def step(self, says: str) -> None:
        self.tell("progress", says=says)


def main() -> int:
    """The exit code."""
    given = _arguments().parse_args()
    if given.does == "fresh":
        return _due()
    voice = Voice(given.wire)
    os.nice(10)
    # As an end of its own, so that what is in scratch goes.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with _beating(voice):
        try:
            with _alone(given.wait, voice.step):
                result, code = _does(given, voice), 0
        except Failed as why:
            voice.tell("failed", code=why.code, says=why.says)
            result, code = {}, 2 if faults.is_bad(why.code) or why.code == services.NOT_WELL else 1
    # After a restore that was killed both end in one stream.
    voice.tell("mended" if given.does == "mend" else "end", code=code, result=result)
    return code


def _arguments() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="mech-backup", description="Backups of this host, by restic.")
    options.add_argument("--wire", action="store_true")
    options.add_argument("--wait", type=float, default=0, help="seconds to wait for another one that is at work")
    does = options.add_subparsers(dest="does", required=True)
    for name in ("now", "prove"):
        does.add_parser(name).add_argument("--fast", action="store_true", help="without the rests that visitors need")
    for name in ("list", "check", "retain", "fresh"):
        does.add_parser(name)
    fetch = does.add_parser("fetch")
    fetch.add_argument("--into", type=Path, required=True)
    fetch.add_argument("--at", default="")
    does.add_parser("mend")
    for name in ("look", "restore-scratch", LIVE):
        restore = does.add_parser(name)
        restore.add_argument("--at", default="")
        restore.add_argument("--only", action="append", default=[])
        restore.add_argument("--keep", type=float, default=0, help="seconds that the scratch containers stay")
        restore.add_argument("--without-backup", action="store_true")
    return options


def _does(given: argparse.Namespace, voice: Voice) -> Json:
    mended = journal.mend(voice.step)
    if given.does == "mend":
        return {"mended": mended is not None}
    told = settings.settings()
    there = repository(told.repository, settings.environment())
    if given.does == "now" and told.only_restore:
        raise Failed("ONLY_RESTORES", "this host only restores, and nothing was backed up: mech:backup.onlyRestore")
    if given.does in ("now", "prove"):
        with pacing.gently(0 if given.fast else told.read_mb_s):
            if given.does == "prove":
                return _prove(told, there, voice)
            return _noted("backup", lambda known: taking.backup(told, there, known, voice.step))
    if given.does == "list":
        found = there.snapshots()
        known = status.read()
        for one in [] if voice.wire else found:
            print(f"{one.id[:8]}  {dt.datetime.fromtimestamp(one.at, dt.UTC):%Y-%m-%d %H:%M:%S}", flush=True)
        return {"snapshots": [vars(one) for one in found], "status": known}
    if given.does == "retain":
        return _retain(told, there, voice)
    if given.does == "check":
        return _read(told, there, voice)
    if given.does in ("look", "restore-scratch", LIVE):
        return _restore(given, told, there, voice)
    one = chosen(there.snapshots(), given.at)
    voice.step(f"snapshot {one.id[:8]} is fetched from the store")
    try:
        return {**vars(one), "folder": str(proving.fetched(there, one, given.into))}
    except FileExistsError:
        raise Failed(
            "NOT_EMPTY", f"{given.into} is there already, and nothing was fetched: name a folder that is not"
        ) from None
    except OSError as error:
        raise taking.full(error) from None


def _restore(given: argparse.Namespace, told: settings.Settings, there: Repository, voice: Voice) -> Json:
    try:
        wanted = selecting.selection(given.only)
    except ValueError as error:
        raise Failed("NO_SELECTION", str(error)) from None
    if given.does == "look":
        return restoring.look(there, wanted, given.at)
    if given.does == LIVE:
        return restoring.live(told, there, wanted, given.at, not given.without_backup, voice.step)

    def hold(found: Json) -> None:
        voice.tell("ready", result=found)
        end = time.monotonic() + given.keep
        while time.monotonic() < end and voice.heard():
            time.sleep(0.5)

    return restoring.tried(told, there, wanted, given.at, hold, voice.step)


def _due() -> int:
    """1 where the last good backup is older than a turn, or there is none."""
    try:
        every_s = settings.settings().every_h * 3600
    except Failed:
        return 1
    return int(time.time() - status.read().get("good", {}).get("at", 0) > every_s)


def _noted(what: str, does: object) -> Json:
    """Do it with the status, and write there how it went. Raises Failed."""
    assert callable(does)
    known = status.read()
    status.write(known)
    try:
        result: Json = does(known)
    except Failed as why:
        status.write(status.failed(status.read(), what, time.time(), why))
        raise
    status.write(status.succeeded(status.read(), what, time.time(), **result))
    return result


def _prove(told: settings.Settings, there: Repository, voice: Voice) -> Json:
    result = _noted("proof", lambda known: proving.proof(told, there, known, voice.step))
    return {**result, "read": _read(told, there, voice)}


def _retain(told: settings.Settings, there: Repository, voice: Voice) -> Json:
    """Where the repository is this host's own, nobody else can."""
    if not there.is_folder:
        raise Failed(
            "ELSEWHERE", f"this host's key is not for deleting in {told.repository}: mech backup retain, from elsewhere"
        )
    there.unlock()
    voice.step("snapshots that are too old are forgotten")
    return {"forgotten": there.retain(told.keep), "left": len(there.snapshots())}


def _read(told: settings.Settings, there: Repository, voice: Voice) -> Json:
    """The repository's structure, and the next part of its data."""
    known = status.read()
    part = proving.next_part(known, told.read_parts)
    voice.step(f"part {part} of {told.read_parts} of the repository is read")
    try:
        there.read(part, told.read_parts)
    except Failed as why:
        status.write(status.failed(status.read(), "proof", time.time(), why))
        raise
    read = {"part": part, "of": told.read_parts, "at": time.time()}
    status.write({**status.read(), "read": read})
    return read


@contextlib.contextmanager
def _alone(wait_s: float, tell: Callable[[str], None]) -> Iterator[None]:
    """The only run on the host. Raises Failed where another one is at work for longer than that."""
    end, told = time.monotonic() + wait_s, False
    with settings.LOCK.open("a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise Failed("BUSY", "another backup or proof is at work on this host: wait for its end") from None
                if not told:
                    told = True
                    tell("another backup or proof is at work on this host; its end is waited for")
                time.sleep(1)
        yield


@contextlib.contextmanager
def _beating(voice: Voice) -> Iterator[None]:
    """A sign of life now and then: who hears none for long knows that the host is away."""
    over = threading.Event()

    def beat() -> None:
        while voice.wire and not over.wait(ALIVE_S):
            voice.tell("alive")

    threading.Thread(target=beat, daemon=True).start()
    try:
        yield
    finally:
        over.set()
