"""The set-up's decisions: which CLI and Go fit, what a checksum file says, what a machine lacks."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from engine import cli, environment, golang, packages, preflight
from engine.paths import VERSION
from engine.run import SetupError


@pytest.mark.parametrize(
    ("version", "good"), [(f"v{VERSION}", True), ("v3.999.0", True), ("v3.1.0", False), ("v4.0.0", False), ("", False)]
)
def test_an_installed_cli_must_be_of_our_major_and_not_older(version: str, good: bool) -> None:
    assert cli.fits(version) is good


@pytest.mark.parametrize(
    ("answer", "good"),
    [("go version go1.26.0 linux/amd64", True), ("go version go1.19.8 linux/amd64", False), ("", False)],
)
def test_go_must_be_new_enough(answer: str, good: bool) -> None:
    assert golang.fits(answer) is good


def test_a_release_that_is_not_listed_is_refused() -> None:
    assert cli.checksum("abc  pulumi.tar.gz\n", "pulumi.tar.gz") == "abc"
    with pytest.raises(SetupError, match="do not list"):
        cli.checksum("abc  other.tar.gz\n", "pulumi.tar.gz")


def test_a_package_that_does_not_exist_is_missing() -> None:
    assert packages.missing(("dpkg", "no-such-package-mech")) == ["no-such-package-mech"]


def test_a_full_disk_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "_free_gb", lambda path: 0.5)
    assert any("GB free" in problem and "MECH_CACHE" in problem for problem in preflight.problems(sandbox=False))


@pytest.mark.parametrize(("cores", "at_once"), [(2, "16"), (4, "16"), (16, "64"), (None, "16")])
def test_few_cores_do_not_keep_the_engine_from_asking_many(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cores: int | None, at_once: str
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/activate").touch()
    monkeypatch.setattr(environment, "VENV", tmp_path)
    monkeypatch.setattr(environment.os, "cpu_count", lambda: cores)
    environment.write_environment()

    def said(**before: str) -> str:
        script = f'. {tmp_path}/bin/mech-env.sh; echo "$PULUMI_PARALLEL"'
        argv = ["bash", "-euc", script]
        return subprocess.run(argv, env={"PATH": "/bin", **before}, capture_output=True, text=True, check=True).stdout

    assert said() == f"{at_once}\n"
    assert said(PULUMI_PARALLEL="3") == "3\n", "who sets it knows why"


def test_a_pulumi_home_of_the_user_s_own_is_kept_and_another_clone_s_is_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scripts = []
    for name in ("one", "two"):
        (tmp_path / name / "bin").mkdir(parents=True)
        (tmp_path / name / "bin/activate").touch()
        monkeypatch.setattr(environment, "VENV", tmp_path / name)
        monkeypatch.setenv("MECH_CACHE", str(tmp_path / f"cache-{name}"))
        environment.write_environment()
        scripts.append(tmp_path / name / "bin/mech-env.sh")

    def home(before: str = "") -> str:
        script = before + "".join(f". {script}\n" for script in scripts) + 'echo "$PULUMI_HOME"'
        done = subprocess.run(
            ["bash", "-euc", script], env={"PATH": "/bin"}, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    assert home() == f"{tmp_path}/cache-two/pulumi-home"
    assert home("export PULUMI_HOME=/mine\n") == "/mine"


def test_another_version_of_the_project_takes_the_place_of_the_one_before(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    site = tmp_path / "lib" / "python3.11" / "site-packages"
    (site / "mech_infra-0.0.1.dist-info").mkdir(parents=True)
    (site / "mech_infra-0.0.1.dist-info" / "entry_points.txt").write_text("[mech.commands]\nsandbox = gone:app\n")
    (tmp_path / "bin").mkdir()
    monkeypatch.setattr(environment, "VENV", tmp_path)
    environment._link_project()
    [info] = site.glob("*.dist-info")
    assert "sandbox.cli:app" in (info / "entry_points.txt").read_text()


def test_what_runs_from_the_sources_is_compiled_and_a_mistake_in_it_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "mech_ops" / "inner").mkdir(parents=True)
    (tmp_path / "mech_ops" / "inner" / "good.py").write_text("x = 1\n")
    (tmp_path / "mech_ops" / "wrong.py").write_text("x = \n")
    environment.compile_ours(tmp_path)
    environment.compile_ours(tmp_path)
    [done] = tmp_path.rglob("*.pyc")
    assert done.name.startswith("good.")
