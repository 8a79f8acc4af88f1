"""The backups' program on a host that is a folder: put there, put there again, taken away; the repository stays."""

from __future__ import annotations

import subprocess

import pytest

from mech_infra.commands import backup
from tests.unit.mech_infra.commands.rig import Rig

SETTINGS = backup.config("/mnt/backup", "mech", {}, {}, 6, 24, "none", {"all_days": 14}, 20)
HIDDEN = backup.secrets("a-password-that-is-long", "KEY", "SECRET")


@pytest.fixture(autouse=True)
def package(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing, and there once apt-get installed it. The program says what it is told to."""
    rig.fake("dpkg", 'case $1 in -s) [ -e "$host/there" ] && echo "Status: install ok installed" ;; esac')
    rig.fake("apt-get", 'case $1 in install) touch "$host/there" ;; esac')
    monkeypatch.setattr(backup, "program", lambda: b'#!/bin/sh\n[ "$1" = fresh ] && exit ${FRESH:-1}\n')


def install(rig: Rig, **variables: str) -> str:
    return rig.run(backup.install(SETTINGS, 6, "03:30"), backup.handed(HIDDEN), **variables).stdout.strip()


def test_it_is_put_there_with_its_package_its_timers_and_its_secrets_for_root_alone(rig: Rig) -> None:
    assert install(rig).endswith("installed")
    assert rig.mode(backup.PROGRAM) == "755" and not rig.path(f"{backup.PROGRAM}.bz2").exists()
    assert rig.read(backup.PASSWORD_FILE) == "a-password-that-is-long\n"
    assert rig.read(backup.ENVIRONMENT_FILE) == "AWS_ACCESS_KEY_ID=KEY\nAWS_SECRET_ACCESS_KEY=SECRET\n"
    assert {rig.mode(path) for path in (backup.PASSWORD_FILE, backup.ENVIRONMENT_FILE, backup.CONFIG_FILE)} == {"600"}
    assert rig.mode("/etc/mech/backup") == rig.mode("/var/lib/mech-backup") == "700"
    assert "OnCalendar=*-*-* 00/6:07:00" in rig.read("/etc/systemd/system/mech-backup.timer")
    assert "OnCalendar=*-*-* 03:30:00" in rig.read("/etc/systemd/system/mech-backup-proof.timer")
    assert len(installed := rig.called("apt-get install")) == 1 and installed[0].endswith(" restic")
    assert rig.called("restart mech-backup.timer") and rig.called("restart mech-backup-proof.timer")


def test_a_backup_begins_at_once_where_one_is_due_and_nobody_waits_for_it(rig: Rig) -> None:
    install(rig)
    assert rig.called("start --no-block mech-backup.service")
    rig.forget()
    install(rig, FRESH="0")
    assert rig.called("start --no-block") == []


def test_no_secret_stands_in_a_command_line_or_in_a_unit(rig: Rig) -> None:
    install(rig)
    assert not any(word in call for call in rig.calls for word in ("a-password", "SECRET"))
    assert not any("SECRET" in text or "a-password" in text for text in backup.units(6, "03:30").values())
    assert "SECRET" not in backup.install(SETTINGS, 6, "03:30")


def test_it_is_taken_away_whole_and_the_repository_stays(rig: Rig) -> None:
    install(rig)
    rig.write("/var/lib/mech-backup/status.json", "{}")
    rig.write("/opt/backup/config", "restic's")
    assert rig.run(backup.remove()).stdout.strip() == "removed"
    gone = [backup.PROGRAM, "/etc/mech/backup", "/var/lib/mech-backup", *backup.units(6, "03:30")]
    assert [path for path in gone if rig.path(path).exists()] == []
    assert rig.path("/opt/backup/config").exists()
    assert "apt-get remove" not in " ".join(rig.calls)


def test_the_program_runs_by_the_hosts_own_python_alone(tmp_path: object) -> None:
    from mech_infra import packing

    path = f"{tmp_path}/mech-backup"
    with open(path, "wb") as file:  # noqa: PTH123 - a name that pytest gives
        file.write(packing.packed("mech_infra.backup.onhost:main"))
    done = subprocess.run(["python3", "-I", "-S", path, "--help"], capture_output=True, text=True, check=True)
    assert "prove" in done.stdout
