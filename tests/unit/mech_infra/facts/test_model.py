"""Facts in general: what could not be read, what another version wrote, and that every subject has its tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from mech_infra import facts as package
from mech_infra.facts import model
from mech_infra.facts.host import disks, docker, redis, slots, ufw, units
from mech_infra.facts.host.program import subjects

from .conftest import recorded, word

SOME = [units.Unit("nginx"), units.Package("nginx"), ufw.On(), ufw.Denies(), ufw.Rule("80"), docker.Container("redis", "n"),
        docker.Image("mongo:7"), redis.Setting("save", "1"), disks.Mounted("/data"), slots.slot("llm", "green", "0")]  # fmt: skip


@pytest.mark.parametrize("check", SOME, ids=lambda check: check.kind)
def test_what_could_not_be_read_is_no_drift(check: model.Check) -> None:
    assert word(check, dict.fromkeys(recorded())) == check.good
    assert word(check, {}) == check.good


def test_a_kind_of_another_version_of_the_program_is_not_judged() -> None:
    wires = {"x": {"kind": "no-such-kind", "good": "fine"}, "y": {"kind": "unit", "good": "fine"}}
    assert model.observe(wires, recorded()) == {"x": "fine", "y": "fine"}
    assert model.findings([{"kind": "no-such-kind"}], recorded(), {}) == []


def test_after_a_refresh_the_state_still_knows_what_is_declared() -> None:
    check = units.Unit("nginx")
    assert check.wire == {"kind": "unit", "good": "running, at boot", "name": "nginx", "boot_only": False}


def test_every_subject_has_its_tests() -> None:
    clouds = Path(package.__file__).parent / "clouds"
    named = {path.stem for path in (*subjects(), *clouds.glob("*.py"))} - {"__init__", "asking"}
    assert {f"test_{name}.py" for name in named} <= {path.name for path in Path(__file__).parent.iterdir()}
