"""A stand-in says what it does not cover: sandbox/PARITY.md knows every one."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from .source import ROOT, trees

PAGE = (ROOT / "sandbox/PARITY.md").read_text()


def folders(of: str) -> list[str]:
    return sorted(
        str(Path(init).parent)
        for init in trees()
        if init.endswith("/__init__.py") and Path(init).parents[1] == Path(of)
    )


@pytest.mark.parametrize("folder", [*folders("sandbox"), *folders("sandbox/cloud")])
def test_a_stand_ins_folder_is_named(folder: str) -> None:
    assert f"`{folder}" in PAGE


@pytest.mark.parametrize("folder", folders("sandbox/providers"))
def test_a_plugin_says_with_what_it_was_compared(folder: str) -> None:
    assert f"\n| {Path(folder).name} " in PAGE


def test_a_plugins_resource_is_named() -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith("| **providers**")).lower()
    tokens = [
        node.value.value
        for path, tree in trees().items()
        if path.startswith("sandbox/providers/")
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and [ast.unparse(target) for target in node.targets] == ["token"]
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    ]
    assert len(tokens) > 10
    assert [token for token in tokens if token.rpartition(":")[2].lower() not in row] == []
