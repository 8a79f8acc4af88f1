"""The repository's own source, as the checks of the house rules read it."""

from __future__ import annotations

import ast
import functools
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = ("engine", "mech_infra", "mech_ops", "policies", "sandbox", "tests")


@functools.cache
def files(*endings: str) -> dict[str, str]:
    """Path in the repository to text, of the files of our folders with these endings, and of the program's entry."""
    found = [path for folder in FOLDERS for ending in endings for path in sorted((ROOT / folder).rglob(f"*{ending}"))]
    entry = [ROOT / "__main__.py"] if ".py" in endings else []
    return {str(path.relative_to(ROOT)): path.read_text() for path in [*entry, *found]}


@functools.cache
def trees() -> dict[str, ast.Module]:
    """Path to parsed module, of every Python file."""
    return {path: ast.parse(text) for path, text in files(".py").items()}


def module(path: str) -> str:
    """The dotted name of a Python file."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imports(node: ast.AST) -> list[str]:
    """What one statement imports, as `package.module` or `package.module.name`; relative imports are the tests' own."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []
