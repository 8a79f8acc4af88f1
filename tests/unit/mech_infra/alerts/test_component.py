"""Alerts from the host as they are declared: nothing of it while it is off; seen, put right and taken away while it is on."""

from __future__ import annotations

import base64
import bz2
import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from mech_infra.commands import alerts as commands
from mech_infra.config import ConfigError, load
from mech_infra.facts.host import files
from tests.unit.mech_infra.conftest import SECRETS, Declare, Recorder, declare, key, plain, raw_config

__all__ = ["declare", "key"]

WHOM = "json://hooks.mech.example/T0ken-Not-To-Be-Seen-4711"
ON = {"alerts": {"enabled": True, "onHost": True, "everyS": 45}}


def of_alerts(recorder: Recorder) -> dict[str, dict[str, Any]]:
    return {name: plain(about.inputs) for name, about in recorder.resources.items() if name.startswith("alerts")}


@pytest.fixture
def found(declare: Declare) -> dict[str, dict[str, Any]]:
    return of_alerts(declare(ON, {"ALERT_DESTINATIONS": WHOM, "REDIS_PASSWORD": "r3dis-not-to-be-seen"}))


def handed(install: dict[str, Any]) -> dict[str, bytes]:
    return {path: base64.b64decode(text) for path, text in map(str.split, install["stdin"].splitlines())}


def test_nothing_of_it_is_declared_while_it_is_off(declare: Declare) -> None:
    plain, off = declare(), declare({"alerts": {"enabled": True}}, {"ALERT_DESTINATIONS": WHOM})
    assert of_alerts(off) == {}
    assert {name: about.inputs for name, about in plain.resources.items()}.keys() == off.resources.keys()


def test_a_sensor_sees_all_that_is_put_there(found: dict[str, dict[str, Any]]) -> None:
    assert set(found) == {"alerts", "alerts-state", "alerts-install", "alerts-removal"}
    checks, install = found["alerts-state"]["checks"], found["alerts-install"]
    there = handed(install)
    assert set(checks) == {
        "package apprise", "unit mech-alert.timer", *commands.units(45), commands.PROGRAM, commands.DECLARED, commands.DESTINATIONS,
    }  # fmt: skip
    whole = bz2.decompress(there[f"{commands.PROGRAM}.bz2"])
    assert checks[commands.PROGRAM]["sha256"] == hashlib.sha256(whole).hexdigest()
    for path in (commands.DECLARED, commands.DESTINATIONS):
        assert checks[path]["sha256"] == files.sha256(there[path].decode()) and checks[path]["mode"] == "600"
    assert there[commands.DESTINATIONS].decode() == WHOM
    assert "OnUnitInactiveSec=45" in install["create"]


def test_it_judges_by_what_all_others_declare(found: dict[str, dict[str, Any]]) -> None:
    order = json.loads(handed(found["alerts-install"])[commands.DECLARED])
    kinds = {check["kind"] for sensor in order["sensors"] for check in sensor["checks"].values()}
    assert {"unit", "package", "kernel", "file", "container"} <= kinds and order["least"] == "risk"
    assert order["declared"]["address"] == "203.0.113.7" and order["declared"]["services"]["llm"]["containers"] == [
        "mech-llms"
    ]
    assert {"OPENAI_API_KEY", "REDIS_PASSWORD"} <= set(order["hidden"])
    assert not any("mech-alert" in label for sensor in order["sensors"] for label in sensor["checks"])


def test_no_secret_stands_in_the_command_or_the_program(found: dict[str, dict[str, Any]]) -> None:
    there = handed(found["alerts-install"])
    shown = found["alerts-install"]["create"].encode() + bz2.decompress(there[f"{commands.PROGRAM}.bz2"])
    shown += json.dumps([found["alerts-removal"], found["alerts"]]).encode() + there[commands.DECLARED]
    for secret in (WHOM, "T0ken-Not-To-Be-Seen-4711", "r3dis-not-to-be-seen", *SECRETS.values()):
        assert secret.encode() not in shown


def test_what_is_secret_is_so_in_the_plan(declare: Declare) -> None:
    recorder = declare(ON, {"ALERT_DESTINATIONS": WHOM})
    for name, part in (("alerts-install", "stdin"), ("alerts-state", "checks")):
        assert "4dabf18193072939515e22adb298388d" in recorder.resources[name].inputs[part]


def test_it_is_taken_away_by_ssh_unless_the_host_is_lost(found: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    ssh = tmp_path / "ssh"
    for code, ends in ((0, 0), (255, 0), (1, 1)):
        ssh.write_text("\n".join(["#!/bin/sh", f'echo "$@" >{tmp_path}/words', f"exit {code}", ""]))
        ssh.chmod(0o755)
        argv, env = ["sh", "-c", found["alerts-removal"]["delete"]], {"PATH": f"{tmp_path}:/usr/bin:/bin"}
        assert subprocess.run(argv, env=env, check=False).returncode == ends
    words = (tmp_path / "words").read_text()
    assert "root@203.0.113.7" in words and commands.PROGRAM in words and commands.FOLDER in words


@pytest.mark.parametrize(
    ("section", "whom", "says"),
    [
        ({"enabled": True}, None, "nobody is told without mech:ALERT_DESTINATIONS"),
        ({"onHost": True}, WHOM, "mech:alerts.onHost needs mech:alerts.enabled true"),
        ({"enabled": True}, f"{WHOM} T0ken-Not-To-Be-Seen-4711", "in place 2"),
        ({"enabled": True}, " ", "is empty"),
        ({"enabled": True, "everyS": 1}, WHOM, "mech:alerts.everyS"),
    ],
)
def test_a_wrong_config_is_refused_without_the_secret(section: dict[str, Any], whom: str | None, says: str) -> None:
    raw, marked = raw_config({"alerts": section}, {"ALERT_DESTINATIONS": whom} if whom else {})
    with pytest.raises(ConfigError) as refused:
        load(raw, marked)
    assert says in str(refused.value) and "T0ken" not in str(refused.value)
