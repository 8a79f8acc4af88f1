"""What a release leaves, and what the program declares: `python -m tests.upgrade record | plans` (tests/upgrade/README.md)."""

from __future__ import annotations

import secrets
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import httpx
import typer
import yaml

from mech_infra.version import version
from sandbox import steps
from sandbox.credentials import load as credentials
from tests.sandbox.stack import REPO, STACK, Stack, make
from tests.upgrade import plans
from tests.upgrade.releases import FOLDER, HARDENED, Release

app = typer.Typer(help=__doc__, no_args_is_help=True)


@app.command()
def record(again: Annotated[bool, typer.Option("--again", help="in the place of the one there is")] = False) -> None:
    """Bring the platform up from nothing in a sandbox of its own (root, 5 min), and keep what it left under the version: with
    the config as it is shipped, then with hardened.yaml.

    Exit codes: 0 done, commit the folder; 1 it cannot, nothing was written.
    """
    release = Release(version())
    if release.folder.exists() and not again:
        raise _ended(f"{release.version} is recorded: raise the version in pyproject.toml, or --again")
    if changed := _uncommitted():
        # The real `up` of the ring takes the release's program from the commit of its folder.
        raise _ended(f"commit first what the release is made of: {', '.join(changed)}")
    stack = make("release")
    try:
        _keep(stack, release, REPO / f"Pulumi.{STACK}.yaml")
        _keep(stack, Release(release.version, HARDENED), _hardened(stack))
    finally:
        steps.remove(stack.settings)
    print(f"{release.folder.relative_to(REPO)} is written; commit it, with its entry in CHANGELOG.md")


@app.command("plans")
def write_plans(check: Annotated[bool, typer.Option("--check", help="write nothing")] = False) -> None:
    """Write docs/plans anew: what both stacks' program declares, from nothing (no root, some seconds).

    Exit codes: 0 done, or with --check all is as declared; 1 with --check: something is not.
    """
    if not check:
        plans.FOLDER.mkdir(exist_ok=True)
        for stack in plans.STACKS:
            plans.file(stack).write_text(plans.render(stack))
    elif old := plans.stale():
        names = ", ".join(str(path.relative_to(REPO)) for path in old)
        raise _ended(
            f"{names}: the program declares something else: run `python -m tests.upgrade plans`, and read the diff"
        )


def _ended(text: str) -> typer.Exit:
    print(text, file=sys.stderr)
    return typer.Exit(1)


def _uncommitted() -> list[str]:
    done = subprocess.run(["git", "status", "--porcelain"], cwd=REPO, capture_output=True, text=True, check=True)
    return [line[3:] for line in done.stdout.splitlines() if not line[3:].startswith("tests/upgrade/")]


def _keep(stack: Stack, release: Release, config: Path) -> None:
    for _ in range(2):  # the second one has read everything back
        stack.up("--config-file", str(config))
    stack.well()
    release.write(stack.pulumi("stack", "export").stdout, config.read_text(), _clouds(stack))


def _hardened(stack: Stack) -> Path:
    """That stack's config file, its passwords encrypted."""
    path = stack.settings.state / "hardened.yaml"
    about = yaml.safe_load((REPO / f"Pulumi.{STACK}.yaml").read_text())
    for key, section in yaml.safe_load((FOLDER / "hardened.yaml").read_text()).items():
        about["config"][key] = {**about["config"].get(key, {}), **section}
    path.write_text(yaml.safe_dump(about))
    for key in ("REDIS_PASSWORD", "MONGODB_PASSWORD"):
        argv = [
            "pulumi",
            "config",
            "set",
            "--secret",
            "--config-file",
            str(path),
            "--stack",
            STACK,
            "--non-interactive",
            f"mech:{key}",
        ]
        subprocess.run(argv, cwd=REPO, env=stack.env, input=secrets.token_urlsafe(24), text=True, check=True)
    return path


def _clouds(stack: Stack) -> dict[str, object]:
    keys = credentials(stack.settings)
    asked = (
        (stack.settings.vultr_url, "/blocks", keys["vultr_api_key"]),
        (stack.settings.cloudflare_url, "/ips", keys["cloudflare_api_token"]),
    )
    return {
        path: httpx.get(f"{url}{path}", headers={"Authorization": f"Bearer {key}"}).raise_for_status().json()
        for url, path, key in asked
    }


if __name__ == "__main__":
    app()
