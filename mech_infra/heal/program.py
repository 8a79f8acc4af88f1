"""The one text that heals: the readers of its facts, the modules of this folder that run on the host, and what is declared."""

from __future__ import annotations

import ast
import json
from pathlib import Path

from mech_infra.facts.host import program
from mech_infra.heal.words import Json

FACTS = ("docker", "logs", "mounts", "space")
_ASKED = ("inspected", "ram", "redis_info", "rollouts")
_MODULES = ("words", "elsewhere", "deciding", "audit", "acting", "onhost")


def text(order: Json) -> str:
    """A program of root's, for a file or for `python3 -`; `order` is what orders.order says. No secret stands in it.

    Raises ValueError where two of its parts give something the same name.
    """
    asked: program.Asked = {"answers": {"sites": order["sites"]}, **{name: {} for name in _ASKED}}
    parts = [program.library(asked, FACTS), *(_flat(Path(__file__).with_name(f"{name}.py")) for name in _MODULES)]
    last = f"command_line(WANTED, json.loads({json.dumps(json.dumps(order, sort_keys=True))}))"
    whole = "#!/usr/bin/python3\n" + "\n\n\n".join([*parts, last]) + "\n"
    _without_twins(whole)
    return whole


def _flat(path: Path) -> str:
    """A module without its docstring and without what it imports from us: that stands above it."""
    source = path.read_text()
    lines = source.splitlines()
    gone: set[int] = set()
    for number, node in enumerate(ast.parse(source).body):
        is_docstring = number == 0 and isinstance(node, ast.Expr)
        is_ours = isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in (
            "mech_infra",
            "__future__",
        )
        if is_docstring or is_ours:
            gone |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return "\n".join(line for number, line in enumerate(lines, 1) if number not in gone).strip("\n")


def _without_twins(whole: str) -> None:
    seen: set[str] = set()
    for node in ast.parse(whole).body:
        names = []
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names = [node.name]
        elif isinstance(node, ast.Assign):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        if twins := seen & set(names):
            raise ValueError(f"two parts of the healer are called {', '.join(sorted(twins))}")
        seen |= set(names)
