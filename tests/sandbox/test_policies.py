"""Every rule through the real engine: a program that breaks it is refused with the rule's id and fix; the shipped passes."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from policies import mocked
from policies.model import Resource
from policies.rules import BY_ID
from tests.unit.policies.platform import OUTAGES

REPO = Path(__file__).resolve().parents[2]
PROGRAM = """
import json, os
import pulumi

class Any_(pulumi.CustomResource):
    pass

for type_, name, props, ignored, secrets in json.load(open(os.environ["MECH_TEST_RESOURCES"])):
    for *way, last in secrets:
        place = props
        for step in way:
            place = place[step]
        place[last] = pulumi.Output.secret(place[last])
    if type_ == "pulumi:pulumi:Stack":
        for key, value in props.items():
            pulumi.export(key, value)
        continue
    Any_(type_, name, props, pulumi.ResourceOptions(ignore_changes=ignored))
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

    def judge(
        self, resources: list[Resource], command: str = "preview", levels: dict[str, str] | None = None
    ) -> tuple[int, str]:
        custom = [
            (r.type, r.name, {k: v for k, v in r.props.items() if k not in mocked.COMPUTED.get(r.type, {})}, list(r.ignored),
             [path for path in r.secrets or () if _there(r, path)])
            for r in resources if not r.type.startswith("mech:")
        ]  # fmt: skip
        (self.folder / "resources.json").write_text(json.dumps(custom))
        (self.folder / "levels.json").write_text(json.dumps(levels or {}))
        done = self.run(
            command, "--policy-pack", str(REPO / "policies"), "--policy-pack-config", str(self.folder / "levels.json"),
            "--stack", "judged", *(["--yes"] if command == "up" else []),
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr


def _there(resource: Resource, path: Sequence[str | int]) -> bool:
    """Whether a change left something at the path of what was a secret."""
    value: Any = resource.props if path[0] not in mocked.COMPUTED.get(resource.type, {}) else {}
    for step in path:
        try:
            value = value[step]
        except (LookupError, TypeError):
            return False
    return True


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


ADDRESS = "edge-wrong-address"  # known only after the first up


@pytest.mark.parametrize("id", [id for id in FIRST if id != ADDRESS])
def test_a_broken_program_is_refused(judge: Judge, shipped: list[Resource], id: str) -> None:
    code, said = judge.judge(FIRST[id][1](shipped))
    flat = " ".join(said.split())
    assert f"[{id}]" in flat, said
    assert BY_ID[id].fix in flat, said
    assert (code != 0) is (BY_ID[id].level == "mandatory"), said


def test_what_is_not_known_yet_is_said_and_judged_in_the_state(
    judge: Judge, shipped: list[Resource], tmp_path: Path
) -> None:
    _, said = judge.judge(shipped)
    assert f"can't run policy '{ADDRESS}'" in " ".join(said.split()), said
    # Once it runs, the state knows: the engine's own offline analysis says it.
    resources = [
        {"urn": f"urn:pulumi:judged::judged::{r.type}::{r.name}", "type": r.type, "custom": True, "id": r.name,
         "inputs": dict(r.props), "outputs": dict(r.props)}
        for r in FIRST[ADDRESS][1](shipped) if not r.type.startswith(("mech:", "pulumi:"))
    ]  # fmt: skip
    state = tmp_path / "state.json"
    state.write_text(json.dumps({"version": 3, "deployment": {"resources": resources}}))
    done = subprocess.run(
        ["mech", "policy", "state", str(state)], cwd=REPO, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert ADDRESS in done.stdout
    analyzed = judge.run("policy", "analyze", "--policy-pack", str(REPO / "policies"), "--file", str(state))
    assert analyzed.returncode != 0
    assert f"[{ADDRESS}]" in " ".join((analyzed.stdout + analyzed.stderr).split())


def test_a_refused_up_creates_nothing(judge: Judge, shipped: list[Resource]) -> None:
    code, said = judge.judge(FIRST["services-privileged"][1](shipped), "up")
    assert code != 0
    assert "[services-privileged]" in said
    state = json.loads(judge.run("stack", "export").stdout)
    assert not [r for r in state["deployment"].get("resources") or [] if r["type"] != "pulumi:pulumi:Stack"]


@pytest.mark.parametrize("id", [rule.id for rule in BY_ID.values() if rule.remedy])
def test_a_remedy_is_opt_in_and_says_what_it_did(judge: Judge, shipped: list[Resource], id: str) -> None:
    # Some of these have secrets, which a remedy must not make plain: secrets-in-environment would refuse it.
    code, said = judge.judge(FIRST[id][1](shipped), levels={id: "remediate"})
    assert code == 0, said
    assert "[remediate]" in said, said
    assert id in said


def test_a_level_can_be_overridden(judge: Judge, shipped: list[Resource]) -> None:
    broken = FIRST["services-no-health"][1](shipped)
    assert judge.judge(broken, levels={"services-no-health": "advisory"})[0] == 0
    code, said = judge.judge(broken, levels={"services-no-health": "disabled"})
    assert (code, "[services-no-health]" in said) == (0, False)
