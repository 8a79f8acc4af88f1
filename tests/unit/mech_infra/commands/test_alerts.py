"""The alerts' program on a host that is a folder: put there, put there again, taken away."""

from __future__ import annotations

import pytest

from mech_infra.commands import alerts
from tests.unit.mech_infra.commands.rig import Rig

HANDED = alerts.handed(b"#!/usr/bin/python3\nprint('there')\n", '{"least": "risk"}', "json://hooks.mech.example/token")


@pytest.fixture(autouse=True)
def package(rig: Rig) -> None:
    """Missing, and there once apt-get installed it."""
    rig.fake("dpkg", 'case $1 in -s) [ -e "$host/there" ] && echo "Status: install ok installed" ;; esac')
    rig.fake("apt-get", 'case $1 in install) touch "$host/there" ;; esac')


def test_it_is_put_there_with_its_package_and_its_timer(rig: Rig) -> None:
    assert rig.run(alerts.install(30), HANDED).stdout.strip().endswith("installed")
    assert rig.read(alerts.PROGRAM).endswith("print('there')\n") and rig.mode(alerts.PROGRAM) == "755"
    assert rig.read(alerts.DESTINATIONS) == "json://hooks.mech.example/token"
    assert {rig.mode(path) for path in (alerts.DECLARED, alerts.DESTINATIONS)} == {"600"}
    assert not rig.path(f"{alerts.PROGRAM}.bz2").exists()
    assert "OnUnitInactiveSec=30" in rig.read("/etc/systemd/system/mech-alert.timer")
    assert len(installed := rig.called("apt-get install")) == 1 and installed[0].endswith(" apprise")
    assert rig.called("restart mech-alert.timer")


def test_a_package_that_is_there_is_not_fetched_again(rig: Rig) -> None:
    (rig.root / "there").touch()
    rig.run(alerts.install(30), HANDED)
    assert rig.called("apt-get") == []


def test_it_is_taken_away_whole_and_what_was_told_stays(rig: Rig) -> None:
    rig.run(alerts.install(30), HANDED)
    rig.write("/var/lib/mech-alert/mech/alerts.json", "{}")
    assert rig.run(alerts.remove()).stdout.strip() == "removed"
    assert [path for path in (alerts.PROGRAM, alerts.FOLDER, *alerts.units(30)) if rig.path(path).exists()] == []
    assert rig.path("/var/lib/mech-alert/mech/alerts.json").exists()
