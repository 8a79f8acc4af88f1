"""Every rule through the real engine: a program that breaks it is refused with the rule's id and fix; the shipped passes."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from policies import mocked
from policies.model import Resource
from policies.rules import BY_ID
from tests.unit.policies.platform import OUTAGES, Change

REPO = Path(__file__).resolve().parents[2]
PROGRAM = """
import json, os
import pulumi

class Any_(pulumi.CustomResource):
    pass

for type_, name, props in json.load(open(os.environ["MECH_TEST_RESOURCES"])):
    Any_(type_, name, props)
"""
FIRST = {}
for name, id, change in OUTAGES:
    FIRST.setdefault(id, (name, change))


class Judge:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "Pulumi.yaml").write_text(
            f"name: judged\nruntime:\n  name: python\n  options:\n    toolchain: pip\n    virtualenv: {REPO}/.venv\n"
        )
        (folder / "__main__.py").write_text(PROGRAM)
        (folder / "state").mkdir()
        self.env = {
            **os.environ, "PULUMI_BACKEND_URL": f"file://{folder}/state", "PULUMI_CONFIG_PASSPHRASE": "x",
            "PULUMI_SKIP_UPDATE_CHECK": "true", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "VULTR_API_KEY": "x", "CLOUDFLARE_API_TOKEN": "x", "MECH_TEST_RESOURCES": str(folder / "resources.json"),
        }  # fmt: skip
        self.run("stack", "init", "judged")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        argv = ["pulumi", *arguments, "--non-interactive"]
        return subprocess.run(
            argv, cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=120, check=False
        )

    def judge(self, resources: list[Resource], command: str = "preview") -> tuple[int, str]:
        custom = [(r.type, r.name, dict(r.props)) for r in resources if not r.type.startswith("mech:")]
        (self.folder / "resources.json").write_text(json.dumps(custom))
        done = self.run(
            command,
            "--policy-pack",
            str(REPO / "policies"),
            "--stack",
            "judged",
            *(["--yes"] if command == "up" else []),
        )
        return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    return Judge(tmp_path_factory.mktemp("judged"))


@pytest.fixture(scope="module")
def shipped() -> list[Resource]:
    return mocked.declare("sandbox")[0]


def test_the_shipped_program_passes(judge: Judge, shipped: list[Resource]) -> None:
    code, said = judge.judge(shipped)
    assert code == 0, said
    assert "[mandatory]" not in said


@pytest.mark.parametrize(("id", "change"), [(id, change) for id, (_, change) in FIRST.items()], ids=list(FIRST))
def test_a_broken_program_is_refused(judge: Judge, shipped: list[Resource], id: str, change: Change) -> None:
    code, said = judge.judge(change(shipped))
    flat = " ".join(said.split())
    assert f"[{id}]" in flat, said
    assert BY_ID[id].fix in flat, said
    assert (code != 0) is (BY_ID[id].level == "mandatory"), said


def test_a_refused_up_creates_nothing(judge: Judge, shipped: list[Resource]) -> None:
    code, said = judge.judge(FIRST["services-privileged"][1](shipped), "up")
    assert code != 0
    assert "[services-privileged]" in said
    state = json.loads(judge.run("stack", "export").stdout)
    assert not [r for r in state["deployment"].get("resources") or [] if r["type"] != "pulumi:pulumi:Stack"]
