from __future__ import annotations

from pathlib import Path

import pytest

from mech_ops.everyday import platform

from . import stand


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> stand.Ssh:
    """The stack that `stand` has, and a `ssh` that answers for its host."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setattr(platform, "read", lambda stack: stand.platform())
    return stand.Ssh(folder, monkeypatch)


@pytest.fixture
def fleet_ssh(ssh: stand.Ssh, monkeypatch: pytest.MonkeyPatch) -> stand.Ssh:
    """The same of three hosts."""
    monkeypatch.setattr(platform, "read", lambda stack: platform.Platform(stand.fleet()))
    return ssh
