"""The healer as it is declared: nothing of it while it is off; seen, put right and taken away while it is on."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from mech_infra.commands import heal as commands
from mech_infra.facts.host import files
from tests.unit.mech_infra.conftest import Declare, Recorder, declare, key

__all__ = ["declare", "key"]


def of_heal(recorder: Recorder) -> dict[str, dict[str, Any]]:
    from tests.unit.mech_infra.conftest import plain

    return {name: plain(about.inputs) for name, about in recorder.resources.items() if name.startswith("heal")}


def test_nothing_of_it_is_declared_while_it_is_off(declare: Declare) -> None:
    plain, off = declare(), declare({"heal": {"enabled": False, "intervalS": 300}})
    assert of_heal(off) == {}
    assert set(plain.resources) == set(off.resources)


def test_a_sensor_sees_its_timer_program_and_units_and_a_command_puts_them_right(declare: Declare) -> None:
    found = of_heal(declare({"heal": {"enabled": True, "intervalS": 120, "perContainer": 2}}))
    assert set(found) == {"heal", "heal-state", "heal-install", "heal-removal"}
    install = found["heal-install"]["create"]
    checks = found["heal-state"]["checks"]
    assert set(checks) == {"unit mech-heal.timer", *commands.MODES}
    for path in commands.MODES:
        text = install.split(f"put {path} {commands.MODES[path]} <<'END'\n")[1].split("\nEND\n")[0] + "\n"
        assert checks[path]["sha256"] == files.sha256(text)
        assert "OnUnitInactiveSec=120" in text or path != "/etc/systemd/system/mech-heal.timer"
    assert json.dumps(json.dumps({"per_container": 2}))[3:-3] in install  # its limits go along


def test_who_is_healed_is_who_is_declared(declare: Declare) -> None:
    found = of_heal(declare({"heal": {"enabled": True}, "services": {"search": {"replicas": 2, "memoryMb": 128}}}))
    install = found["heal-install"]["create"]
    for name in ("mech-llms", "mech-search", "mech-search-2", "redis", "mongodb"):
        assert f'\\"name\\": \\"{name}\\"' in install
    assert '\\"name\\": \\"mech-llm\\"' not in install, "the guide's script restarts one that does not exist"


def test_it_is_taken_away_by_ssh_unless_the_host_is_lost(declare: Declare, tmp_path: Path) -> None:
    removal = of_heal(declare({"heal": {"enabled": True}}))["heal-removal"]
    ssh = tmp_path / "ssh"
    for code, ends in ((0, 0), (255, 0), (1, 1)):
        ssh.write_text("\n".join(["#!/bin/sh", f'echo "$@" >{tmp_path}/words', f"exit {code}", ""]))
        ssh.chmod(0o755)
        done = subprocess.run(["sh", "-c", removal["delete"]], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, check=False)
        assert done.returncode == ends
    words = (tmp_path / "words").read_text()
    assert "root@203.0.113.7" in words and 'rm -f "$@"' in words and "/usr/local/sbin/mech-heal" in words
