"""`mech block` and `mech unblock`: what goes into the config, and whom nobody may block."""

from __future__ import annotations

import pytest

from mech_ops.errors import OpsError
from mech_ops.everyday import blocked

from .engine import Engine


def test_a_client_is_added_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, said = Engine(monkeypatch, edge={"zoneId": "0", "blocked": ["198.51.100.7"]}), []  # type: Engine, list[str]
    assert blocked.block("t", " 203.0.113.0/24 ", said.append)
    assert engine.told == [("set", "mech:edge.blocked[1]", "203.0.113.0/24")]
    assert said == ["mech:edge.blocked: 203.0.113.0/24 added; it gets a 403 at the edge (2 blocked)"]


def test_the_first_one_makes_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(monkeypatch, edge={"zoneId": "0"})
    assert blocked.block("t", "2001:db8::7", lambda _: None)
    assert engine.told == [("set", "mech:edge.blocked[0]", "2001:db8::7")]


@pytest.mark.parametrize("who", ["203.0.113.7", "203.0.113.0/24", "203.0.113.128/25"])
def test_one_that_is_blocked_already_is_not_added(monkeypatch: pytest.MonkeyPatch, who: str) -> None:
    engine = Engine(monkeypatch, edge={"blocked": ["203.0.113.0/24"]})
    assert not blocked.block("t", who, lambda _: None)
    assert engine.told == []


@pytest.mark.parametrize(
    ("who", "says"),
    [
        ("0.0.0.0/0", "too wide: it would turn away everybody"),
        ("::/0", "too wide"),
        ("128.0.0.0/1", "too wide: it would turn away 1/2 of all addresses"),
        ("192.0.2.0/24", r"has the stack's own host in it \(192.0.2.9\)"),
        ("192.0.2.9", "the stack's own host"),
        ("104.16.5.1", "the edge's own network 104.16.0.0/13"),
        ("172.0.0.0/8", "the edge's own network 172.64.0.0/13"),
        ("2606:4700::1111", "the edge's own network"),
        ("127.0.0.1", "is no visitor's address"),
        ("203.0.113.7/24", "is not a CIDR"),
        ("example.com", "neither an IP address nor a CIDR"),
        ("", "neither an IP address nor a CIDR"),
    ],
)
def test_whom_nobody_may_block(monkeypatch: pytest.MonkeyPatch, who: str, says: str) -> None:
    engine = Engine(monkeypatch, edge={})
    with pytest.raises(OpsError, match=says):
        blocked.block("t", who, lambda _: None)
    assert engine.told == []


def test_unblock_takes_out_that_one_and_the_last_one_with_its_list(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(monkeypatch, edge={"blocked": ["198.51.100.7", "203.0.113.0/24"]})
    blocked.unblock("t", "203.0.113.0/24", lambda _: None)
    assert engine.told == [("rm", "mech:edge.blocked[1]")]
    engine = Engine(monkeypatch, edge={"blocked": ["198.51.100.7"]})
    blocked.unblock("t", "198.51.100.7", lambda _: None)
    assert engine.told == [("rm", "mech:edge.blocked")]


def test_unblock_names_the_network_that_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(monkeypatch, edge={"blocked": ["203.0.113.0/24"]})
    with pytest.raises(OpsError, match=r"it is within 203.0.113.0/24: mech unblock 203.0.113.0/24"):
        blocked.unblock("t", "203.0.113.7", lambda _: None)
    with pytest.raises(OpsError, match=r"198.51.100.1 is not in mech:edge.blocked; nothing was changed"):
        blocked.unblock("t", "198.51.100.1", lambda _: None)
    assert engine.told == []
