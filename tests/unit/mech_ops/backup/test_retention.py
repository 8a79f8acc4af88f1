"""`mech backup retain`: from here by a key that may delete, on the host where the repository is a folder of its."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mech_ops import pulumi, stack_config
from mech_ops.backup import command, retention
from mech_ops.backup.command import Asked
from mech_ops.errors import OpsError

KEY = {"BACKUP_RETENTION_ACCESS_KEY_ID": "may-delete", "BACKUP_RETENTION_SECRET_ACCESS_KEY": "planted-key"}
# Notes its words and what it is told in secret, and has two snapshots, then one.
RESTIC = """#!/bin/sh
echo "$*" >>{log}
echo "$RESTIC_REPOSITORY $AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY $RESTIC_PASSWORD" >{log}.env
case $1 in
  forget) touch {log}.forgot ;;
  snapshots)
    one='{{"id": "ab", "time": "2026-11-27T10:00:00Z", "tags": ["mech", "m1"]}}'
    if [ -e {log}.forgot ]; then echo "[$one]"; else echo "[$one, $one]"; fi ;;
esac
exit {code}
"""


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    told: dict[str, Any] = {"repository": "r2:mech-backup/prod", "keep": {"allDays": 3, "monthly": 0}}
    monkeypatch.setattr(
        stack_config,
        "current",
        lambda stack: {"mech:backup": {"objectValue": told}, "mech:edge": {"objectValue": {"accountId": "acc"}}},
    )
    monkeypatch.setattr(
        pulumi, "run", lambda argv: json.dumps({"mech:BACKUP_PASSWORD": {"value": "planted-password", "secret": True}})
    )
    restic(tmp_path, monkeypatch)
    return told


def restic(folder: Path, monkeypatch: pytest.MonkeyPatch, code: int = 0) -> None:
    (folder / "restic").write_text(RESTIC.format(log=folder / "log", code=code))
    (folder / "restic").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_what_keep_says_stays_and_no_secret_is_in_a_command_line(stack: dict[str, Any], tmp_path: Path) -> None:
    found = retention.retain(None, lambda says: None, KEY)
    assert (found.exit_code, found.result) == (0, {"forgotten": 1, "left": 1})
    calls = (tmp_path / "log").read_text()
    assert (
        "forget --tag mech --group-by host --keep-within=3d --keep-weekly=5 --prune" in calls and "monthly" not in calls
    )
    assert "planted" not in calls
    assert (tmp_path / "log.env").read_text().split() == [
        "s3:https://acc.r2.cloudflarestorage.com/mech-backup/prod", "may-delete", "planted-key", "planted-password",
    ]  # fmt: skip


def test_without_a_key_that_may_delete_nothing_is_tried(stack: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(OpsError, match="BACKUP_RETENTION_SECRET_ACCESS_KEY must be a key"):
        retention.retain(None, lambda says: None, {**KEY, "BACKUP_RETENTION_SECRET_ACCESS_KEY": ""})
    assert not (tmp_path / "log").exists()


def test_what_fails_is_one_sentence(stack: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    restic(tmp_path, monkeypatch, code=1)
    found = retention.retain(None, lambda says: None, KEY)
    assert found.exit_code == 1 and found.code == "RESTIC" and "restic unlock failed" in found.says


def test_a_folder_of_the_hosts_is_its_own_matter(stack: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    stack["repository"] = "/mnt/backup"
    asked: list[Any] = []
    monkeypatch.setattr(command, "ask", lambda stack, words, step: asked.append(words) or Asked(0))
    assert retention.retain(None, lambda says: None, {}).exit_code == 0
    assert asked == [["retain"]]


def test_a_stack_without_backups_is_told_how_to_have_some(stack: dict[str, Any]) -> None:
    del stack["repository"]
    with pytest.raises(OpsError, match=r"mech:backup\.repository"):
        retention.retain(None, lambda says: None, KEY)
