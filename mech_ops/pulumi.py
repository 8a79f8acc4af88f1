"""The Pulumi commands that we use: built here as argument lists, run in one place."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from mech_ops.errors import OpsError


def _stack(stack: str | None) -> list[str]:
    return ["--stack", stack] if stack else []


def outputs_command(stack: str | None) -> list[str]:
    return ["pulumi", "stack", "output", "--json", *_stack(stack)]


def export_command(stack: str | None) -> list[str]:
    return ["pulumi", "stack", "export", *_stack(stack)]


def import_command(stack: str | None) -> list[str]:
    return ["pulumi", "stack", "import", "--force", *_stack(stack)]


def cancel_command(stack: str | None) -> list[str]:
    return ["pulumi", "cancel", "--yes", *_stack(stack)]


def run(argv: list[str], text: str | None = None) -> str:
    """Run one of them; returns standard output. Raises OpsError with the CLI's own words."""
    try:
        done = subprocess.run(argv, input=text, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise OpsError("pulumi is not on PATH; run `. .venv/bin/activate` first (made by `make up`)") from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["no output"]
        raise OpsError(f"`{' '.join(argv)}` failed: {said[-1]}")
    return done.stdout


def outputs(stack: str | None) -> dict[str, Any]:
    """The stack's outputs, secrets masked."""
    found: dict[str, Any] = json.loads(run(outputs_command(stack)) or "{}")
    return found
