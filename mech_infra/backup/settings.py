"""What the host is told: where the snapshots go, how often, within which limits; secrets stand in files of root's alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mech_infra.backup.words import Failed

FOLDER = Path("/etc/mech/backup")
CONFIG, ENVIRONMENT, PASSWORD = "config.json", "environment", "password"
STATE = Path("/var/lib/mech-backup")
CACHE = Path("/var/cache/mech-backup")
LOCK = Path("/run/mech-backup.lock")
TAG = "mech"  # of all snapshots that are ours


@dataclass(frozen=True)
class Settings:
    """config.json: no secret is in it. Times in hours; sizes in MiB."""

    repository: str  # as restic has it
    host: str  # the name under which all snapshots of this stack are
    images: Mapping[str, str]  # by database what is declared, for a proof where none runs
    memory_mb: Mapping[str, int]  # by database, what its container may use
    files: tuple[str, ...]  # patterns of what is kept beside the databases
    every_h: int
    rpo_h: int
    protection: str  # what keeps this host's key from deleting snapshots
    keep: Mapping[str, int]  # all_days, weekly, monthly: what retention leaves
    read_parts: int = 28  # in so many proofs all of the repository is read once
    read_mb_s: int = 20  # how fast a dump is read, in MiB a second
    only_restore: bool = False  # nothing of this host is to get into the repository


def settings(folder: Path = FOLDER) -> Settings:
    """Raises Failed."""
    try:
        told: dict[str, Any] = json.loads((folder / CONFIG).read_text())
        return Settings(**{**told, "files": tuple(told["files"])})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Failed(
            "NOT_SET_UP",
            f"{folder / CONFIG} cannot be read ({type(error).__name__}): declare mech:backup, then pulumi up",
        ) from None


def environment(folder: Path = FOLDER) -> dict[str, str]:
    """What restic's environment has beside ours: keys of the store, and where the password stands. Raises Failed."""
    found = {
        "RESTIC_PASSWORD_FILE": str(folder / PASSWORD),
        "RESTIC_CACHE_DIR": str(CACHE),
        # One core: the platform serves meanwhile.
        "GOMAXPROCS": "1",
    }
    try:
        lines = (folder / ENVIRONMENT).read_text().splitlines()
    except OSError as error:
        raise Failed("NOT_SET_UP", f"{folder / ENVIRONMENT}: {error.strerror}: pulumi up") from None
    for line in lines:
        name, _, value = line.partition("=")
        if value:
            found[name] = value
    return found
