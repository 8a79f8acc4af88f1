"""For each rule a program that it refuses and one that it lets through, in a file for each family."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from policies.model import REMOTE, Resource, Stack


@dataclass(frozen=True)
class Example:
    """Two programs: each the text of a command on the host, or resources by their names."""

    refuses: str | dict[str, dict[str, Any]]
    passes: str | dict[str, dict[str, Any]]


@functools.cache
def examples(family: str) -> dict[str, Example]:
    """By rule; {} for a family that has none."""
    path = Path(__file__).parent / f"{family}.yaml"
    return {id: Example(**about) for id, about in yaml.safe_load(path.read_text()).items()} if path.exists() else {}


def stack(program: str | dict[str, dict[str, Any]]) -> Stack:
    """The program as a rule judges it."""
    if isinstance(program, str):
        return Stack([Resource(REMOTE, "firewall", {"create": program})])
    return Stack(
        [
            Resource(about["type"], name, {key: value for key, value in about.items() if key != "type"})
            for name, about in program.items()
        ]
    )


def shown(program: str | dict[str, dict[str, Any]]) -> str:
    """As a block of Markdown."""
    if isinstance(program, str):
        return f"```sh\n{program.strip()}\n```"
    return f"```yaml\n{yaml.safe_dump(program, sort_keys=False, width=118).strip()}\n```"
