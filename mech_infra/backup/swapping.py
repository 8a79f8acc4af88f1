"""Redis' files, while it is down: those of a snapshot take the place of what is there, which can be put back."""

from __future__ import annotations

import os
import pkgutil
import re
import shutil
from pathlib import Path

from mech_infra.backup import child
from mech_infra.backup.words import Failed
from mech_infra.commands.redis import CONFIG
from mech_infra.commands.volume import DATA

ROOM = Path(DATA, "redis")
# What Redis reads at its start: its snapshot, or its log of what came after one.
NAMES = ("dump.rdb", "appendonlydir")
ASIDE, _ALL = "before-restore", "all-moved"
_LOG_S = 600
# begin_log_with_snapshot: without it a Redis that keeps a log takes a missing one for no data at all.
_LOG = ("mech_infra.commands", "redis/append_only.sh")


def logs(config: Path = Path(CONFIG)) -> bool:
    """Whether Redis keeps an append-only log, as its config says."""
    try:
        return re.search(r"^appendonly yes$", config.read_text(), re.M) is not None
    except OSError:
        return True


def put(saved: Path, log: bool, room: Path = ROOM) -> None:
    """`saved` is what Redis reads at its next start. Raises Failed, OSError; `back` undoes whatever was done by then."""
    aside = room / ASIDE
    shutil.rmtree(aside, ignore_errors=True)
    owner = next((room / name for name in NAMES if (room / name).exists()), room).stat()
    new = room / "dump.rdb.restored"
    shutil.copyfile(saved, new)
    with new.open("rb") as file:
        os.fsync(file.fileno())
    os.chown(new, owner.st_uid, owner.st_gid)
    aside.mkdir(mode=0o700)
    for name in NAMES:
        if (room / name).exists():
            (room / name).rename(aside / name)
    (aside / _ALL).touch()
    new.rename(room / NAMES[0])
    if log:
        text = (pkgutil.get_data(*_LOG) or b"").decode()
        done = child.run("sh", "-c", f'cd "$1"\n{text}\nbegin_log_with_snapshot', "sh", str(room), limit_s=_LOG_S)
        if done.code:
            raise Failed("DISK", f"Redis' files could not be written: {done.said.splitlines()[-1][:200]}: df -h {room}")


def back(room: Path = ROOM) -> bool:
    """Redis' former files are in their places again, where a restore moved them; whether it had."""
    aside = room / ASIDE
    if not aside.is_dir():
        return False
    # Before all were moved, what is not aside is in its place still.
    if (aside / _ALL).exists():
        for name in NAMES:
            _remove(room / name)
        (aside / _ALL).unlink()
    for name in NAMES:
        if (aside / name).exists():
            _remove(room / name)
            (aside / name).rename(room / name)
    forget(room)
    return True


def forget(room: Path = ROOM) -> None:
    """What was there before goes: Redis runs with the new."""
    shutil.rmtree(room / ASIDE, ignore_errors=True)
    (room / "dump.rdb.restored").unlink(missing_ok=True)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
