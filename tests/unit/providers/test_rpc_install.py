"""Putting the plugins where the CLI finds them, without touching official ones."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from sandbox.providers import install
from sandbox.settings import load


def test_installs_once_and_keeps_official_plugins(tmp_path: Path) -> None:
    official = install.folder(tmp_path, "docker") / "pulumi-resource-docker"
    official.parent.mkdir(parents=True)
    official.write_text("official")
    said: list[str] = []
    done = install.install(load("t"), tmp_path, Path(sys.executable), said.append)
    assert sorted(done) == ["cloudflare", "command", "vultr"]
    assert official.read_text() == "official"
    assert "docker 5.2.0: the official one is installed, kept" in said[0]
    assert install.install(load("t"), tmp_path, Path(sys.executable)) == []
    assert install.is_stand_in(tmp_path, "command") and not install.is_stand_in(tmp_path, "docker")
    assert sorted(install.uninstall(tmp_path)) == ["cloudflare", "command", "vultr"]
    assert official.exists()


def test_the_launcher_starts_the_plugin_from_any_folder(tmp_path: Path) -> None:
    install.install(load("t"), tmp_path / "a home", Path(sys.executable))
    program = install.folder(tmp_path / "a home", "command") / "pulumi-resource-command"
    assert os.access(program, os.X_OK)
    with subprocess.Popen([program], stdout=subprocess.PIPE, text=True, cwd="/") as plugin:
        assert plugin.stdout is not None
        assert int(plugin.stdout.readline()) > 1024
        plugin.send_signal(2)  # how the engine says good-bye
        assert plugin.wait(5) == 0
