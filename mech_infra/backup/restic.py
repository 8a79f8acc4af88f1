"""The repository by restic (Debian's, 0.14): one method a command, each with a limit in time and a sentence for each failure."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mech_infra.backup import child, faults
from mech_infra.backup.settings import TAG
from mech_infra.backup.words import BEFORE, Failed, Json

PROGRAM = "restic"
_SHORT_S, _LONG_S = 120, 6 * 3600
# Retention, which runs elsewhere, holds the repository for itself meanwhile.
_LOCKED_S = 900


@dataclass(frozen=True)
class Snapshot:
    """One of ours; `at` is its Unix time, `manifest` the id that its manifest has, too; `kind` is BEFORE or empty."""

    id: str
    at: float
    manifest: str
    kind: str = ""


@dataclass(frozen=True)
class Repository:
    """Where the snapshots are. `env` has the store's keys, and where the password stands."""

    where: str
    env: Mapping[str, str] = field(repr=False)

    @property
    def is_folder(self) -> bool:
        return self.where.startswith("/")

    def ensure(self, known: bool) -> None:
        """Made where there is none. `known`: snapshots were made there before, so that none is a loss. Raises Failed."""
        try:
            self._call("cat", "config", "--no-lock", limit_s=_SHORT_S)
        except Failed as why:
            if why.code != "NO_REPOSITORY":
                raise
            if known:
                raise Failed(
                    "REPOSITORY_LOST",
                    f"the repository {self.where} is gone, with all snapshots in it: nothing was made in its place; look for "
                    "it (a disk that is not mounted, a bucket that was emptied or renamed)",
                ) from None
            self._call("init", limit_s=_SHORT_S)

    def unlock(self) -> None:
        """Take away locks whose processes are dead, as a killed run leaves them. Raises Failed."""
        self._call("unlock", limit_s=_SHORT_S)

    def backup(self, folder: Path, manifest: str, host: str, kind: str = "") -> Json:
        """One snapshot of a folder; restic's summary. Raises Failed."""
        tags = ("--tag", TAG, "--tag", manifest, *(("--tag", kind) if kind else ()))
        # --force: every file is new, so that a snapshot before is no help, and none where it is damaged.
        said = self._patiently("backup", "--json", "--force", "--host", host, *tags, str(folder), limit_s=_LONG_S)
        return next(line for line in _lines(said) if line.get("message_type") == "summary")

    def snapshots(self) -> list[Snapshot]:
        """All of ours, the oldest first. Raises Failed."""
        said = self._call("snapshots", "--json", "--no-lock", "--no-cache", "--tag", TAG, limit_s=_SHORT_S)
        found = [_snapshot(one) for one in json.loads(said)]
        return sorted(found, key=lambda one: one.at)

    def fetch(self, snapshot: str, into: Path, only: Sequence[str] = ()) -> None:
        """Its files, below `into` at the paths that they had. Nothing comes from this host's cache. Raises Failed."""
        some = [word for path in only for word in ("--include", path)]
        self._call("restore", snapshot, "--no-lock", "--no-cache", "--target", str(into), *some, limit_s=_LONG_S)

    def retain(self, keep: Mapping[str, int]) -> int:
        """Forget and delete what `keep` (all_days, weekly, monthly) does not name; how many snapshots went. Raises Failed.

        The store's key must be one that may delete.
        """
        before = len(self.snapshots())
        kept = [f"--keep-within={keep['all_days']}d"]
        kept += [f"--keep-{period}={keep[period]}" for period in ("weekly", "monthly") if keep[period]]
        self._patiently("forget", "--tag", TAG, "--group-by", "host", *kept, "--prune", limit_s=_LONG_S)
        return before - len(self.snapshots())

    def read(self, part: int, of: int) -> None:
        """Check the whole structure, and read one part of `of` of what it holds. Raises Failed."""
        # Without a lock: it would be an exclusive one, and a backup must not fail for a check.
        self._call("check", "--no-lock", "--no-cache", f"--read-data-subset={part}/{of}", limit_s=_LONG_S)

    def _patiently(self, *words: str, limit_s: float) -> str:
        end = time.monotonic() + _LOCKED_S
        while True:
            try:
                return self._call(*words, limit_s=limit_s)
            except Failed as why:
                if why.code != "LOCKED" or time.monotonic() > end:
                    raise
                time.sleep(15)

    def _call(self, *words: str, limit_s: float) -> str:
        env = {**self.env, "RESTIC_REPOSITORY": self.where}
        done = child.run(PROGRAM, *words, limit_s=limit_s, env=env)
        # 3: a snapshot was made, but of some files only.
        if done.code:
            raise faults.restic(words[0], done.err or done.out, self.where)
        return done.out


def repository(where: str, env: Mapping[str, str]) -> Repository:
    return Repository(where, env)


def _lines(said: str) -> list[Json]:
    return [json.loads(line) for line in said.splitlines() if line.startswith("{")]


def _snapshot(about: Json) -> Snapshot:
    tags = about.get("tags") or []
    manifest = next((tag for tag in tags if tag not in (TAG, BEFORE)), "")
    return Snapshot(about["id"], _unix(about["time"]), manifest, BEFORE if BEFORE in tags else "")


def _unix(text: str) -> float:
    """restic's times: RFC 3339 with nanoseconds, which Python 3.11 cuts to micro."""
    import datetime as dt

    return dt.datetime.fromisoformat(text).timestamp()
