"""Backups as they are declared: nothing while they are off; seen, put right and taken away while they are on."""

from __future__ import annotations

import base64
import json
import math
from typing import Any

import pytest

from mech_infra.backup.settings import Settings
from mech_infra.commands import backup as commands
from mech_infra.config import ConfigError, load
from mech_infra.config.backup import BackupConfig
from mech_infra.facts.host import files
from mech_infra.upkeep import saved
from tests.unit.mech_infra.conftest import Declare, Recorder, declare, key, raw_config

__all__ = ["declare", "key"]

SECRETS = {
    "BACKUP_PASSWORD": "planted-password-4711",
    "BACKUP_ACCESS_KEY": "planted-access",
    "BACKUP_SECRET_KEY": "planted-secret",
}
R2 = {
    "backup": {"enabled": True, "repository": "r2:mech-backup/prod"},
    "edge": {"zoneId": "0" * 31 + "1", "accountId": "0" * 31 + "2"},
}


def of_backups(recorder: Recorder) -> dict[str, dict[str, Any]]:
    from tests.unit.mech_infra.conftest import plain

    return {name: plain(about.inputs) for name, about in recorder.resources.items() if name.startswith("backups")}


def test_nothing_of_them_is_declared_while_they_are_off(declare: Declare) -> None:
    off = declare({"backup": {"enabled": False, "repository": "/mnt/backup"}})
    assert of_backups(off) == {}


def test_a_sensor_sees_what_a_command_puts_right(declare: Declare) -> None:
    found = of_backups(declare({**R2, "backup": {**R2["backup"], "everyHours": 4, "rpoHours": 8}}, SECRETS))
    assert set(found) == {"backups", "backups-state", "backups-install", "backups-removal"}
    checks = found["backups-state"]["checks"]
    units = [f"unit {timer}" for timer in (commands.TIMER, commands.PROOF_TIMER)]
    secret = [commands.PASSWORD_FILE, commands.ENVIRONMENT_FILE]
    assert set(checks) == {
        "package restic", "last good snapshot", *units, commands.PROGRAM, commands.CONFIG_FILE, *secret, *commands.units(4, "03:30"),
    }  # fmt: skip
    assert checks["last good snapshot"]["good"] == "within 8 h"
    given = dict(line.split() for line in found["backups-install"]["stdin"].splitlines())
    for path in secret:
        assert checks[path]["sha256"] == files.sha256(base64.b64decode(given[path]).decode())
        assert checks[path]["mode"] == "600"


def test_the_host_is_told_all_that_it_reads_and_no_secret(declare: Declare) -> None:
    found = of_backups(declare(R2, SECRETS))
    install = found["backups-install"]["create"]
    text = install.split(f"put {commands.CONFIG_FILE} 600 <<'END'\n")[1].split("\nEND\n")[0]
    told = Settings(**json.loads(text))
    assert told.repository == f"s3:https://{R2['edge']['accountId']}.r2.cloudflarestorage.com/mech-backup/prod"
    assert set(told.images) == set(told.memory_mb) == {"redis", "mongodb"}
    assert "planted" not in install + found["backups-removal"]["delete"]


def test_the_repository_is_nobodys_to_take_away(declare: Declare) -> None:
    removal = of_backups(declare({"backup": {"enabled": True, "repository": "/mnt/backup"}}, SECRETS))[
        "backups-removal"
    ]
    assert "/etc/mech/backup" in removal["delete"] and "/mnt/backup" not in removal["delete"]


@pytest.mark.parametrize(
    ("sections", "secrets", "says"),
    [
        ({"backup": {"enabled": True}}, SECRETS, "there is no mech:backup.repository"),
        ({"backup": {"enabled": True, "repository": "/mnt/backup"}}, {}, "mech:BACKUP_PASSWORD is missing"),
        ({**R2}, {"BACKUP_PASSWORD": SECRETS["BACKUP_PASSWORD"]}, "mech:BACKUP_SECRET_KEY is missing"),
        ({"backup": R2["backup"]}, SECRETS, "needs mech:edge.accountId"),
    ],
)
def test_what_is_missing_is_one_sentence(sections: dict[str, Any], secrets: dict[str, str], says: str) -> None:
    raw, marked = raw_config(sections, secrets)
    with pytest.raises(ConfigError) as why:
        load(raw, marked)
    assert says in str(why.value)
    assert not any(value in str(why.value) for value in SECRETS.values())


def test_a_folder_on_the_data_volume_is_taken_where_it_is_meant() -> None:
    about = {"enabled": True, "repository": "/opt/mech-services/shared/data/backup", "sameVolume": True}
    raw, marked = raw_config({"backup": about}, {"BACKUP_PASSWORD": SECRETS["BACKUP_PASSWORD"]})
    assert load(raw, marked).platform.backup.is_folder


SNAPSHOT = {"now": 7200.0, "since": 0.0, "good": {"at": 3600.0}}


@pytest.mark.parametrize(
    ("enabled", "facts", "age_h"),
    [
        (False, {"backups": SNAPSHOT}, "none declared"),
        (True, {"backups": SNAPSHOT}, 1.0),
        (True, {"backups": {**SNAPSHOT, "good": {}}}, math.inf),
        (True, {"backups": None}, None),
        (True, {}, None),
    ],
)
def test_the_guard_knows_how_old_the_newest_snapshot_is(enabled: bool, facts: dict[str, Any], age_h: Any) -> None:
    found = saved(BackupConfig(enabled=enabled, rpo_hours=8), facts)
    assert (found.age_h if found else "none declared") == age_h
    assert found is None or found.rpo_h == 8
