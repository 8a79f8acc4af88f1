"""`mech drain`: what goes into the config, and who cannot be drained."""

from __future__ import annotations

from typing import Any

import pytest

from mech_ops.errors import OpsError
from mech_ops.everyday import drained

from .engine import Engine


def engine(monkeypatch: pytest.MonkeyPatch, *names: str, **fleet: Any) -> Engine:
    return Engine(monkeypatch, host={}, fleet={"workers": 2, **fleet, **({"drained": [*names]} if names else {})})


@pytest.mark.parametrize("name", ["mech-w1", "w1"])
def test_a_worker_goes_into_the_list(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    there, said = engine(monkeypatch, "mech-w2"), []  # type: Engine, list[str]
    assert drained.drain("t", name, said.append)
    assert there.told == [("set", "mech:fleet.drained[1]", "mech-w1")]
    assert said == ["mech:fleet.drained: mech-w1 added; its tasks go to mech, and its records are taken away"]


def test_one_that_is_so_already_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    there = engine(monkeypatch, "mech-w1")
    assert not drained.drain("t", "mech-w1", lambda _: None)
    assert not drained.back("t", "mech-w2", lambda _: None)
    assert there.told == []


def test_back_takes_that_one_out_and_the_last_one_with_its_list(monkeypatch: pytest.MonkeyPatch) -> None:
    there = engine(monkeypatch, "mech-w2", "mech-w1")
    assert drained.back("t", "mech-w1", lambda _: None)
    assert there.told == [("rm", "mech:fleet.drained[1]")]
    there = engine(monkeypatch, "mech-w1")
    drained.back("t", "w1", lambda _: None)
    assert there.told == [("rm", "mech:fleet.drained")]


@pytest.mark.parametrize(
    ("name", "fleet", "says"),
    [
        ("mech", {}, "mech has the databases, and cannot be drained"),
        ("mech-w3", {}, r"there is no host 'mech-w3'; did you mean mech-w2\? The hosts are mech, mech-w1, mech-w2"),
        ("mech-w1", {"workers": 0}, "mech is the stack's only host"),
        ("mech-w1", {"workers": "two"}, "mech:fleet or mech:host of the stack's config is wrong"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, name: str, fleet: dict[str, Any], says: str
) -> None:
    there = engine(monkeypatch, **fleet)
    with pytest.raises(OpsError, match=says):
        drained.drain("t", name, lambda _: None)
    assert there.told == []
