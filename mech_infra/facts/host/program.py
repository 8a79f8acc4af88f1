"""Puts the program that reads a host together: the shared part, and of each subject what is marked to run there."""

from __future__ import annotations

import ast
import functools
import importlib
import pkgutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

_F = TypeVar("_F", bound=Callable[..., Any])

READERS: dict[str, Mapping[str, Any]] = {}
"""By fact, the arguments that its reader is called with on the host."""
_SUBJECTS: set[str] = set()  # the files of the readers


def reads(**wanted: Any) -> Callable[[_F], _F]:
    """Marks a function that runs on the host and reads the fact of its name; `wanted` are its arguments there, as JSON.

    It uses the standard library, `onhost.py` and what is marked `on_host` in its module; nothing else goes with it.
    """

    def mark(function: _F) -> _F:
        READERS[function.__name__] = wanted
        _SUBJECTS.add(function.__code__.co_filename)
        return function

    return mark


def on_host(function: _F) -> _F:
    """Marks a function that a reader calls."""
    return function


@functools.cache
def subjects() -> tuple[Path, ...]:
    """Every module of this folder that has a reader: a new one needs no list."""
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        importlib.import_module(f"{__package__}.{module.name}")
    return tuple(map(Path, sorted(_SUBJECTS)))


@functools.cache
def source() -> str:
    """The whole program, for `python3 -`."""
    shared = Path(__file__).with_name("onhost.py").read_text()
    parts, imports = [], set()
    for path in subjects():
        text = path.read_text()
        module, lines = ast.parse(text), text.splitlines()
        marked = [node for node in module.body if _marked(node)]
        used = {one.id for node in marked for one in ast.walk(node) if isinstance(one, ast.Name)}
        parts += ["\n".join(lines[node.lineno - 1 : node.end_lineno]) for node in marked]
        imports |= _imports(module, used)
    called = ", ".join(f"{name!r}: ({name}, {dict(wanted)!r})" for name, wanted in sorted(READERS.items()))
    return "\n\n\n".join([shared.rstrip(), "\n".join(sorted(imports)), *parts, f"main({{{called}}})\n"])


def _marked(node: ast.stmt) -> bool:
    marks = node.decorator_list if isinstance(node, ast.FunctionDef) else []
    names = [mark.func if isinstance(mark, ast.Call) else mark for mark in marks]
    return any(isinstance(name, ast.Name) and name.id in (reads.__name__, on_host.__name__) for name in names)


def _imports(module: ast.Module, used: set[str]) -> set[str]:
    """What of the module's imports goes along: the standard library's, where it is used."""
    found = set()
    for node in module.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias for alias in node.names if (alias.asname or alias.name).partition(".")[0] in used]
            sources = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in names]
            if names and all(source.partition(".")[0] in sys.stdlib_module_names for source in sources):
                found.add(ast.unparse(type(node)(**{**dict(ast.iter_fields(node)), "names": names})))
    return found
