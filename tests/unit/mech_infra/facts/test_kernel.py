"""Settings of the kernel."""

from __future__ import annotations

from mech_infra.facts.host.kernel import FORWARDING, Setting, kernel

from .conftest import recorded, word


def test_containers_reach_the_world() -> None:
    check = Setting(FORWARDING, "1")
    assert word(check, recorded()) == "1"
    assert word(check, recorded("kernel", FORWARDING, "0")) == "0"
    assert word(check, recorded(kernel={})) == "1"  # a kernel that has no such setting


def test_read_from_this_machine() -> None:
    assert set(kernel(["kernel.ostype", "no.such.thing"])) == {"kernel.ostype"}
