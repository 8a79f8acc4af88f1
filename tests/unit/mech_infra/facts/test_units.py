from __future__ import annotations

import pytest

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
