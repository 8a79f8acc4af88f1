"""Files beside the databases: the services' .env files, certificate and key. Copied into the folder that becomes a snapshot."""

from __future__ import annotations

import glob
import hashlib
import shutil
from collections.abc import Iterable
from pathlib import Path

from mech_infra.backup.words import Failed

ROOM = "files"  # in a snapshot: below it each file at its own path


def copy(patterns: Iterable[str], into: Path) -> list[str]:
    """Paths of what was copied, with mode and owner. Raises Failed where a pattern finds nothing."""
    found: list[str] = []
    for pattern in patterns:
        paths = [Path(path) for path in sorted(glob.glob(pattern))]  # noqa: PTH207 - absolute
        if not paths:
            raise Failed("FILES_MISSING", f"there is no {pattern} on this host, and it is to be backed up: pulumi up")
        for path in paths:
            target = below(into, path)
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                shutil.copy2(path, target)
                about = path.stat()
                shutil.chown(target, about.st_uid, about.st_gid)
            except FileNotFoundError:
                raise Failed("FILES_MISSING", f"{path} went away while it was copied: mech backup now") from None
            found.append(str(path))
    return found


def below(folder: Path, path: Path) -> Path:
    """Where a file of the host is in a snapshot's folder."""
    return folder / ROOM / path.relative_to("/")


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sizes(folders: Iterable[Path]) -> int:
    """Bytes that take room below these folders."""
    total = 0
    for folder in folders:
        for path in folder.rglob("*"):
            try:
                about = path.lstat()
            except OSError:  # gone meanwhile
                continue
            total += about.st_blocks * 512
    return total
