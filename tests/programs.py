"""Copies of this program in which something is changed, for tests of what the engine makes of the change."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

REPO = Path(__file__).resolve().parents[1]
_PROGRAM = ("__main__.py", "Pulumi.yaml", "pyproject.toml", "mech_infra")
Edit = tuple[str, str, str]  # file, text, what stands there instead


def copy(folder: Path, stack_file: Path, edits: Iterable[Edit] = (), config: Mapping[str, Any] | None = None) -> None:
    """The program with `edits` and the stack's file with `config`: sections are merged with what stands there.

    Raises AssertionError where the program has a text of `edits` no more.
    """
    for name in _PROGRAM:
        (shutil.copytree if (REPO / name).is_dir() else shutil.copy)(REPO / name, folder / name)
    (folder / ".venv").symlink_to(REPO / ".venv")
    for file, text, instead in edits:
        path = folder / file
        assert text in path.read_text(), f"{file} has no {text!r} any more"
        path.write_text(path.read_text().replace(text, instead))
    known = yaml.safe_load(stack_file.read_text())
    for key, value in (config or {}).items():
        there = known["config"].get(key, {})
        known["config"][key] = {**there, **value} if isinstance(value, dict) else value
    (folder / stack_file.name).write_text(yaml.safe_dump(known))
