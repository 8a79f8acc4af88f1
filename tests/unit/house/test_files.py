"""A file is one thing: short enough to be read, one component a module, and nothing in it that nobody uses."""

from __future__ import annotations

import ast
import re
from collections import Counter

from .source import ROOT, files, trees

LINES = 300
# To be split; whoever splits one takes it off here.
LONG: set[str] = set()
# To be deleted, likewise.
UNUSED: set[str] = set()
# What carries the facts, and is none of their subjects: tested with those.
CARRIERS = {f"mech_infra/facts/{name}.py" for name in ("host/onhost", "host/trip", "clouds/asking")}
# By which tests, and nothing else, look a rule up.
FOR_TESTS: set[str] = set()


def test_no_file_needs_a_long_scroll() -> None:
    assert {path for path, text in files(".py", ".sh", ".go").items() if len(text.splitlines()) > LINES} == LONG


def test_a_component_has_a_module_of_its_own_and_says_what_it_is() -> None:
    for path, tree in trees().items():
        if path.startswith("mech_infra/"):
            components = [
                node
                for node in tree.body
                if isinstance(node, ast.ClassDef)
                and any("ComponentResource" in ast.unparse(base) for base in node.bases)
            ]
            assert len(components) <= 1, f"{path} has several components"
            assert all(ast.get_docstring(node) for node in components), f"{path}: a component without a docstring"


def test_a_subject_of_facts_has_tests_of_its_name() -> None:
    tests = {path.name for path in (ROOT / "tests/unit/mech_infra/facts").glob("test_*.py")}
    modules = [path for path in trees() if re.match(r"mech_infra/facts/\w+/(?!__)", path)]
    assert len(modules) > 5
    untested = {path for path in modules if f"test_{path.rpartition('/')[2]}" not in tests}
    assert untested == CARRIERS


def test_nothing_is_there_for_nobody() -> None:
    """A function, class or constant of a module that no other line but the tests' names; a decorator registers."""
    ours = {path: text for path, text in files(".py").items() if not path.startswith("tests/")}
    beside = "".join((ROOT / name).read_text() for name in ("pyproject.toml", "Makefile"))
    used = Counter(re.findall(r"\w+", "\n".join([*ours.values(), beside])))
    unused = {
        f"{path}: {name}"
        for path, tree in trees().items()
        if path in ours
        for node in tree.body
        for name in _defined(node)
        if used[name] == 1 and not name.startswith("__")
    }
    assert unused == UNUSED | FOR_TESTS


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [] if node.decorator_list else [node.name]
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    return [node.target.id] if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) else []
