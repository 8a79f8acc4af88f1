"""Putting the plugins where the CLI finds them: official ones untouched, clones on one machine apart."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.providers import install


@pytest.fixture(autouse=True)
def _no_plugins_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.delenv("PULUMI_IGNORE_AMBIENT_PLUGINS", raising=False)


def kinds(home: Path) -> dict[str, str]:
    return {plugin.name: plugin.kind for plugin in install.found(home)}


def clone(folder: Path) -> Path:
    """A checkout whose interpreter only says where it is and what it was asked for."""
    (folder / "sandbox/providers/command").mkdir(parents=True)
    (folder / "sandbox/providers/command/__main__.py").touch()
    python = folder / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$PYTHONPATH" "$@"\n')
    python.chmod(0o755)
    return folder


def launch(folder: Path, installed: Path, activated: str | None) -> subprocess.CompletedProcess[str]:
    program = folder / "launcher"
    program.write_text(install.launcher(installed, "command"))
    program.chmod(0o755)
    env = {"PATH": os.environ["PATH"], **({} if activated is None else {"VIRTUAL_ENV": activated})}
    return subprocess.run([program, "127.0.0.1:5"], capture_output=True, text=True, env=env, check=False)


def test_installs_once_and_keeps_official_plugins(tmp_path: Path) -> None:
    assert set(kinds(tmp_path).values()) == {"missing"}
    official = install.folder(tmp_path, "docker") / "pulumi-resource-docker"
    official.parent.mkdir(parents=True)
    official.write_text("official")
    said: list[str] = []
    done = install.install(tmp_path, said.append)
    assert sorted(done) == ["cloudflare", "command", "vultr"]
    assert official.read_text() == "official"
    assert "docker 5.2.0: the official one is installed, kept" in said[0]
    assert install.install(tmp_path) == []
    assert kinds(tmp_path) == {**dict.fromkeys(install.VERSIONS, "stand-in"), "docker": "official"}


def test_an_official_plugin_copied_over_ours_is_kept(tmp_path: Path) -> None:
    install.install(tmp_path)
    program = install.folder(tmp_path, "vultr") / "pulumi-resource-vultr"
    program.write_bytes(b"\x7fELF official")
    assert kinds(tmp_path)["vultr"] == "official"
    assert install.install(tmp_path) == [] and program.read_bytes() == b"\x7fELF official"
    assert not (program.parent / install.MARKER).exists()


def test_a_plugin_on_path_is_the_one_the_engine_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install.install(tmp_path / "home")
    (tmp_path / "bin").mkdir()
    shutil.copy(shutil.which("true") or "", tmp_path / "bin/pulumi-resource-vultr")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    [vultr] = [plugin for plugin in install.found(tmp_path / "home") if plugin.name == "vultr"]
    assert (vultr.kind, vultr.on_path) == ("official", tmp_path / "bin")
    monkeypatch.setenv("PULUMI_IGNORE_AMBIENT_PLUGINS", "true")
    assert kinds(tmp_path / "home")["vultr"] == "stand-in"


def test_the_activated_clone_s_stand_in_runs_whoever_installed_it(tmp_path: Path) -> None:
    mine, other = clone(tmp_path / "my clone"), clone(tmp_path / "other")
    asked = "-P -m sandbox.providers.command 127.0.0.1:5\n"
    assert launch(tmp_path, other, f"{mine}/.venv").stdout == f"{mine} {asked}"
    assert launch(tmp_path, other, None).stdout == f"{other} {asked}"
    assert launch(tmp_path, other, f"{tmp_path}/another-project/.venv").stdout == f"{other} {asked}"
    shutil.rmtree(other)
    assert launch(tmp_path, other, f"{mine}/.venv").stdout == f"{mine} {asked}"


def test_without_any_clone_it_says_so_in_one_sentence(tmp_path: Path) -> None:
    done = launch(tmp_path, tmp_path / "removed", None)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "the stand-in for the command plugin has no clone to run from "
        f"({tmp_path}/removed is gone): . .venv/bin/activate\n"
    )


def test_the_launcher_starts_the_plugin_from_any_folder(tmp_path: Path) -> None:
    install.install(tmp_path / "a home")
    program = install.folder(tmp_path / "a home", "command") / "pulumi-resource-command"
    assert os.access(program, os.X_OK)
    env = {**os.environ, "VIRTUAL_ENV": sys.prefix}
    with subprocess.Popen([program], stdout=subprocess.PIPE, text=True, cwd="/", env=env) as plugin:
        assert plugin.stdout is not None
        assert int(plugin.stdout.readline()) > 1024
        plugin.send_signal(2)  # how the engine says good-bye
        assert plugin.wait(5) == 0
