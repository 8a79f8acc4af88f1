"""Sensors: what a drift asks for, and that their trip carries no secret."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from mech_infra.drift.sensor import Sensor
from mech_infra.facts import look
from mech_infra.facts.host import program, trip, ufw, units
from mech_infra.facts.host.program import READERS
from mech_infra.facts.model import Check, Unreachable

from .conftest import SECRETS, Declare

CHECKS = [ufw.On(), units.Unit("nginx")]
PROPS = {"title": "host", "state": {c.label: c.good for c in CHECKS}, "checks": {c.label: c.wire for c in CHECKS},
         "watches": [], "access": {"host": "h"}}  # fmt: skip


def well() -> dict[str, Any]:
    unit = {"active": "active", "enabled": "enabled", "load": "loaded"}
    return {"ufw": {"enabled": True}, "chains": None, "units": {"nginx.service": unit}}


def test_only_a_change_asks_for_a_repair(monkeypatch: pytest.MonkeyPatch) -> None:
    sensor, facts = Sensor(), well()
    monkeypatch.setattr(look, "facts", lambda access: facts)
    monkeypatch.setattr(sys, "argv", ["plugin"])
    made = sensor.create(dict(PROPS)).outs
    assert made is not None
    seen = sensor.read("x", made).outs
    assert not sensor.diff("x", seen or {}, PROPS).changes
    facts["ufw"]["enabled"] = False
    seen = sensor.read("x", made).outs or {}
    assert seen["state"]["UFW"] == "off"
    assert sensor.diff("x", seen, PROPS).changes
    # A refresh alone may write what was seen into the state: the next look still knows what is declared.
    assert (sensor.read("x", seen).outs or {})["state"]["UFW"] == "off"
    facts["ufw"]["enabled"] = True
    assert (sensor.read("x", seen).outs or {})["state"] == PROPS["state"]
    assert (sensor.update("x", seen, dict(PROPS)).outs or {})["generation"] == 2


def test_between_one_host_and_a_fleet_other_facts_ask_for_nothing() -> None:
    """Whoever runs again then would take a database off the network on which others ask it."""
    others = {**PROPS, "checks": {CHECKS[0].label: CHECKS[0].wire}, "state": {CHECKS[0].label: CHECKS[0].good}}
    had = {**PROPS, "generation": 3}
    assert Sensor().diff("x", had, others).changes
    assert (Sensor().update("x", had, {**others, "calm": True}).outs or {})["generation"] == 3
    ill = {**had, "state": {**had["state"], "UFW": "off"}}
    assert (Sensor().update("x", ill, {**others, "calm": True}).outs or {})["generation"] == 4
    # It is nothing that is compared: the next program does without it.
    assert not Sensor().diff("x", {**others, "calm": True}, others).changes


def test_a_host_that_does_not_answer_is_no_drift(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(access: object) -> dict[str, Any]:
        raise Unreachable("timed out")

    monkeypatch.setattr(look, "facts", gone)
    monkeypatch.setattr(sys, "argv", ["plugin"])
    seen = Sensor().read("x", {**PROPS, "generation": 3}).outs or {}
    assert (seen["state"], seen["generation"]) == (PROPS["state"], 3)


def test_the_trip_carries_no_secret(declare: Declare) -> None:
    states = declare(secrets={"REDIS_PASSWORD": "redis-secret-1"}).of("HostState")
    assert len(states) >= 8
    shown = json.dumps([list(states.values()), [trip.command(s["access"]) for s in states.values()], program.source()])
    assert not [secret for secret in [*SECRETS.values(), "redis-secret-1"] if secret in shown]


def test_every_check_that_the_program_declares_is_of_a_kind_that_sensors_know(declare: Declare) -> None:
    found = declare()
    for name, props in {**found.of("HostState"), **found.of("CloudState")}.items():
        for label, wire in props["checks"].items():
            check = Check.of(wire)
            assert check is not None and (check.label, check.good) == (label, wire["good"]), (name, label)


def test_what_is_declared_by_name_is_read_by_name(declare: Declare) -> None:
    for props in declare().of("HostState").values():
        for wire in props["checks"].values():
            check = Check.of(wire)
            names = [READERS[fact]["names"] for fact in (check.reads if check else ()) if "names" in READERS[fact]]
            name = wire.get("name")
            assert name is None or not names or any(name in known for known in names), f"no reader reads {name}"


def test_the_key_is_named_the_same_on_every_machine() -> None:
    from mech_infra.config.host import HostConfig

    assert HostConfig(ssh_private_key="$KEYS/id").identity == "${KEYS}/id"
    assert HostConfig().identity == "~/.ssh/vultr_mech_machines"
