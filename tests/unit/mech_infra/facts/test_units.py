from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from mech_infra.facts.host import units
from mech_infra.facts.host.units import Package, Unit

from .conftest import recorded, word


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [("active", "failed", "not running"), ("enabled", "disabled", "not at boot"), ("load", "masked", "masked"),
     ("load", "not-found", "not-found"), ("enabled", "static", "running, at boot")],
)  # fmt: skip
def test_a_unit_runs_now_and_at_boot(field: str, value: str, says: str) -> None:
    assert word(Unit("nginx"), recorded()) == "running, at boot"
    assert word(Unit("nginx"), recorded("units", "nginx.service", field, value)) == says


def test_ufw_has_done_its_work_at_boot() -> None:
    assert recorded()["units"]["ufw.service"]["active"] == "inactive"
    assert word(Unit("ufw", boot_only=True), recorded()) == "at boot"
    assert word(Unit("ufw", boot_only=True), recorded("units", "ufw.service", "enabled", "disabled")) == "not at boot"


def test_a_timer_is_known_by_its_whole_name() -> None:
    assert word(Unit("mech-certificate.timer"), recorded()) == "running, at boot"
    off = recorded("units", "mech-certificate.timer", "active", "inactive")
    assert word(Unit("mech-certificate.timer"), off) == "not running"


def test_a_package_is_installed() -> None:
    assert word(Package("docker.io"), recorded()) == "installed"
    assert word(Package("docker.io"), recorded(packages=["nginx"])) == "not installed"


# Of apt 2.6 on Debian 12, and of Ubuntu's archive; a new package has no version now.
APT = """NOTE: This is only a simulation!
Reading package lists...
The following packages will be upgraded:
  libssl3 tzdata
Inst libssl3 [3.0.19-1~deb12u2] (3.0.22-1~deb12u2 Debian:12.15/oldstable, Debian-Security:12/oldstable-security [amd64]) []
Inst linux-image-6.1.0-40-amd64 (6.1.192-2 Debian-Security:12/oldstable-security [amd64])
Inst tzdata [2025b-0+deb12u2] (2026f-0+deb12u1 Debian:12.15/oldstable, Debian:12-updates/oldstable-updates [all])
Inst curl [7.81.0-1ubuntu1.15] (7.81.0-1ubuntu1.16 Ubuntu:22.04/jammy-security [amd64])
Conf libssl3 (3.0.22-1~deb12u2 Debian:12.15/oldstable, Debian-Security:12/oldstable-security [amd64])
"""


def says(monkeypatch: pytest.MonkeyPatch, code: int, said: str) -> None:
    def run(*argv: str, timeout: int) -> tuple[int, str]:
        assert argv[:2] == ("env", "LC_ALL=C") and {"-s", "Debug::NoLocking=true"} <= {*argv} and timeout < 11
        return code, said

    monkeypatch.setattr(units, "run", run)


def test_updates_that_are_for_security(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    says(monkeypatch, 0, APT)
    (tmp_path / "deb.debian.org_debian_dists_bookworm_InRelease").touch()
    found = units.updates(str(tmp_path)) or {}
    assert found["security"] == [
        ["libssl3", "3.0.19-1~deb12u2", "3.0.22-1~deb12u2"],
        ["linux-image-6.1.0-40-amd64", "", "6.1.192-2"],
        ["curl", "7.81.0-1ubuntu1.15", "7.81.0-1ubuntu1.16"],
    ]
    assert found["others"] == 1 and 0 <= found["lists_s"] < 60


def test_how_old_apts_lists_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    says(monkeypatch, 0, "")
    assert units.updates(str(tmp_path)) == {"security": [], "others": 0, "lists_s": None}
    (tmp_path / "x_InRelease").touch()
    day_ago = time.time() - 86400
    for path in (tmp_path / "x_InRelease", tmp_path):
        os.utime(path, (day_ago, day_ago))
    assert (units.updates(str(tmp_path)) or {})["lists_s"] == pytest.approx(86400, abs=60)


def test_an_apt_that_fails_says_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    says(monkeypatch, 100, "E: broken")
    assert units.updates(str(tmp_path)) is None
