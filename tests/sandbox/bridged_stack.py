"""A throw-away Pulumi project for provider tests: own PULUMI_HOME, file backend, the stand-in plugins installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sandbox import settings
from sandbox.providers import install

ROOT = Path(__file__).resolve().parents[2]
PULUMI = settings.load().cache / "bin" / "pulumi"


class Stack:
    """`pulumi` on one program; every method returns the finished process (stdout and stderr together)."""

    def __init__(self, folder: Path, program: str, environment: dict[str, str]) -> None:
        if not PULUMI.exists():
            pytest.skip(f"no Pulumi engine at {PULUMI}: `make up` builds it")
        self.pulumi = PULUMI
        self.folder = folder / "project"
        self.folder.mkdir()
        (folder / "state").mkdir()
        home = folder / "home"
        install.install(home)
        yaml = "name: bridged\nruntime:\n  name: python\n  options:\n    virtualenv: " + str(ROOT / ".venv") + "\n"
        (self.folder / "Pulumi.yaml").write_text(yaml)
        self.program(program)
        self.environment = {
            **{
                name: value
                for name, value in os.environ.items()
                if not name.startswith(("PULUMI_", "VULTR_", "CLOUDF"))
            },
            "PATH": f"{PULUMI.parent}:{os.environ['PATH']}",
            "PULUMI_HOME": str(home),
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            **environment,
        }
        self.run("stack", "init", "test")

    def program(self, text: str) -> None:
        (self.folder / "__main__.py").write_text(text)
        shutil.rmtree(self.folder / "__pycache__", ignore_errors=True)  # two writes in one second, one size

    def run(self, *arguments: str, ok: bool = True) -> str:
        done = subprocess.run(
            [self.pulumi, *arguments, "--non-interactive", "--color=never"],
            cwd=self.folder, env=self.environment, timeout=120,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        assert (done.returncode == 0) == ok, done.stdout
        assert "Traceback" not in done.stdout and "prematurely" not in done.stdout, done.stdout
        return done.stdout

    def up(self, *more: str, ok: bool = True) -> str:
        return self.run("up", "--yes", "--skip-preview", *more, ok=ok)

    def preview(self, *more: str, ok: bool = True) -> str:
        return self.run("preview", *more, ok=ok)

    def clean(self, *more: str) -> str:
        """A preview that must find nothing to do."""
        return self.preview("--expect-no-changes", "--diff", *more)

    def destroy(self) -> str:
        return self.run("destroy", "--yes", "--skip-preview")

    def exported(self) -> list[dict[str, Any]]:
        resources: list[dict[str, Any]] = json.loads(self.run("stack", "export"))["deployment"].get("resources", [])
        return resources

    def id(self, name: str) -> str:
        return str(next(one["id"] for one in self.exported() if one["urn"].endswith(f"::{name}")))
