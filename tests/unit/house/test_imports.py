"""Imports point one way: docs/architecture.md says which."""

from __future__ import annotations

import ast
import graphlib
import re
import sys

from .source import FOLDERS, ROOT, imports, module, trees

# Of our own folders, what each may import.
MAY = {
    "engine": set[str](),
    "mech_infra": set[str](),
    "policies": {"mech_infra"},
    "mech_ops": {"mech_infra"},
    "sandbox": set[str](),
    "tests": {"engine", "mech_infra", "policies", "mech_ops", "sandbox"},
}
# engine/ runs before the environment exists; this one file of it runs in there.
IN_THE_ENVIRONMENT = "engine/languagehost/server.py"


def test_the_page_has_every_folder() -> None:
    table = re.findall(r"^\| `(\w+)/` \|", (ROOT / "docs/architecture.md").read_text(), re.M)
    with_python = {path.parent.name for path in ROOT.glob("*/*.py")}
    assert set(table) == set(FOLDERS) == set(MAY) == with_python


def test_a_folder_imports_only_what_the_page_allows() -> None:
    wrong = [
        f"{path} imports {name}"
        for path, tree in trees().items()
        for node in ast.walk(tree)
        for name in imports(node)
        if (top := name.partition(".")[0]) in FOLDERS
        and "/" in path
        and (folder := path.partition("/")[0]) != top
        and top not in MAY[folder]
    ]
    assert wrong == []


def test_engine_needs_nothing_but_python() -> None:
    wrong = [
        f"{path} imports {name}"
        for path, tree in trees().items()
        if path.startswith("engine/") and path != IN_THE_ENVIRONMENT
        for node in ast.walk(tree)
        for name in imports(node)
        if name.partition(".")[0] not in {*sys.stdlib_module_names, "engine"}
    ]
    assert wrong == []


def test_no_module_needs_itself() -> None:
    """What modules import has no circle, what they import late or for types alone included."""
    names = {module(path) for path in trees()}
    needs = {
        module(path): {
            name if name in names else name.rpartition(".")[0] for node in ast.walk(tree) for name in imports(node)
        }
        & names
        for path, tree in trees().items()
    }
    list(graphlib.TopologicalSorter({name: found - {name} for name, found in needs.items()}).static_order())
