"""`mech diagnose` is for 3 a.m.: it loads what it needs, while the engine's CLI already reads the state."""

from __future__ import annotations

import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mech_ops import pulumi
from mech_ops.errors import OpsError


def test_it_loads_no_config_and_no_page() -> None:
    text = "import sys, mech_ops.cli; from mech_ops.diagnosis import command, report; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True).stdout.split()
    assert not {"pydantic", "cryptography", "jinja2", "yaml", "mech_infra.config"} & set(loaded)


def test_what_is_begun_runs_meanwhile() -> None:
    began = time.monotonic()
    begun = pulumi.begin(["sh", "-c", "sleep 0.3; echo {}"])
    time.sleep(0.3)
    assert begun() == "{}\n"
    assert time.monotonic() - began < 0.55


def test_its_failure_comes_when_it_is_asked_for(tmp_path: Path) -> None:
    program = tmp_path / "pulumi"
    program.write_text("#!/bin/sh\necho 'error: no stack named x' >&2\nexit 255\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    begun = pulumi.begin([str(program)])
    with pytest.raises(OpsError, match="no stack named x"):
        begun()
