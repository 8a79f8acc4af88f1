"""The program of a release, out of this repository's history: the commit that brought the release's folder."""

from __future__ import annotations

import filecmp
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path

from tests.upgrade.releases import Release

REPO = Path(__file__).resolve().parents[2]


class Gone(Exception):
    """The release's program cannot be had here; the text says why."""


def commit(release: Release) -> str:
    """Raises Gone."""
    try:
        shallow = _git("rev-parse", "--is-shallow-repository").decode().strip() == "true"
        found = _git("log", "-1", "--format=%H", "--", str(release.folder.relative_to(REPO))).decode().strip()
    except (OSError, subprocess.CalledProcessError):
        raise Gone("this is no clone: its history is not there") from None
    if shallow:
        raise Gone("this clone is shallow, so it may not know the release's commit: git fetch --unshallow")
    if not found:
        raise Gone(f"tests/upgrade/{release.version} is not committed yet")
    return found


def take(release: Release, folder: Path) -> None:
    """Put the release's program into `folder`, with an environment of what it was locked to. Raises Gone."""
    with tarfile.open(fileobj=BytesIO(_git("archive", commit(release)))) as archive:
        archive.extractall(folder, filter="data")
    if filecmp.cmp(folder / "requirements.lock", REPO / "requirements.lock", shallow=False):
        (folder / ".venv").symlink_to(REPO / ".venv")
    else:
        subprocess.run([sys.executable, "-m", "engine", "environment"], cwd=folder, check=True, capture_output=True)


def _git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=REPO, check=True, capture_output=True).stdout
