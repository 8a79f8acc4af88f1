"""The scheduled workflows' steps, run by the shell with a `mech` and a `gh` that only note what they were asked."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

WORKFLOWS = Path(__file__).resolve().parents[3] / ".github" / "workflows"
FAKES = Path(__file__).with_suffix("")


def script(name: str) -> str:
    """Of the scheduled jobs' steps."""
    jobs = {**_jobs("alerts"), "preview": _jobs("platform")["preview"]}
    steps = [step for job in jobs.values() for step in job["steps"]]
    return str(next(step["run"] for step in steps if step.get("name") == name))


def _jobs(workflow: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((WORKFLOWS / f"{workflow}.yml").read_text())["jobs"]
    return found


def run(folder: Path, name: str, **variables: str) -> int:
    env = {**os.environ, "PATH": f"{folder}/bin:{os.environ['PATH']}", "GITHUB_OUTPUT": str(folder / "output"),
           "GITHUB_STEP_SUMMARY": str(folder / "summary"), "RUN": "https://run", **variables}  # fmt: skip
    # As GitHub runs them.
    return subprocess.run(["bash", "-e", "-c", script(name)], cwd=folder, env=env, check=False).returncode


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/activate").write_text("")
    (tmp_path / "bin").mkdir()
    for name in ("mech", "gh"):
        shutil.copy(FAKES / f"{name}.sh", tmp_path / "bin" / name)
        (tmp_path / "bin" / name).chmod(0o755)
    return tmp_path


@pytest.mark.parametrize(
    ("code", "number", "asked", "verdict", "summary"),
    [
        ("0", "", "", 0, "### Drift: report"),
        ("0", "7", "issue close 7", 0, "### Drift: report"),
        ("2", "", "issue create --title Drift: what runs is not what is declared", 2, "### Drift: report"),
        ("2", "7", "issue edit 7 --body-file drift.md", 2, "### Drift: report"),
        ("1", "7", "", 1, "error: no answer"),
        ("127", "", "", 1, "the check itself failed"),
    ],
)
def test_one_issue_and_a_verdict(folder: Path, code: str, number: str, asked: str, verdict: int, summary: str) -> None:
    assert run(folder, "Drift", EXIT=code) == 0
    assert (folder / "output").read_text() == f"code={code}\n"
    assert summary in (folder / "summary").read_text()
    assert run(folder, "The drift as one issue", CODE=code, OPEN=number) == 0
    after = (folder / "asked").read_text().splitlines()[1:]
    assert len(after) == bool(asked) and "".join(after).startswith(asked)
    assert run(folder, "Verdict", CODE=code) == verdict


@pytest.mark.parametrize(("code", "verdict"), [("0", 0), ("2", 0), ("1", 1), ("127", 1)])
def test_alerts_fail_only_where_somebody_was_not_told(folder: Path, code: str, verdict: int) -> None:
    assert run(folder, "Alert", EXIT=code) == verdict
