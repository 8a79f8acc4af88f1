"""Puts the program that reads a host together: the shared part, and of each subject what is marked to run there."""

from __future__ import annotations

import ast
import functools
import importlib
import json
import pkgutil
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

_F = TypeVar("_F", bound=Callable[..., Any])

Asked = Mapping[str, Mapping[str, Any]]
"""By fact that is read on request only, the arguments of its reader beside those that it was marked with."""

READERS: dict[str, Mapping[str, Any]] = {}
"""By fact of every look, the arguments that its reader is called with on the host."""
ASKED: dict[str, Mapping[str, Any]] = {}
"""The same of the facts that are read on request only."""
_SUBJECTS: set[str] = set()  # the files of the readers


def reads(**wanted: Any) -> Callable[[_F], _F]:
    """Marks a function that runs on the host and reads the fact of its name; `wanted` are its arguments there, as JSON.

    It uses the standard library, `onhost.py` and what is marked `on_host` in the subjects; nothing else goes with it.
    """
    return functools.partial(_mark, READERS, wanted)


def asked(**wanted: Any) -> Callable[[_F], _F]:
    """Marks a reader like `reads`, for a fact that is read only when somebody asks for it (`Asked`)."""
    return functools.partial(_mark, ASKED, wanted)


def on_host(function: _F) -> _F:
    """Marks a function that a reader calls."""
    return function


def _mark(room: dict[str, Mapping[str, Any]], wanted: Mapping[str, Any], function: _F) -> _F:
    room[function.__name__] = wanted
    _SUBJECTS.add(function.__code__.co_filename)
    return function


@functools.cache
def subjects() -> tuple[Path, ...]:
    """Every module of this folder that has a reader: a new one needs no list."""
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        importlib.import_module(f"{__package__}.{module.name}")
    return tuple(map(Path, sorted(_SUBJECTS)))


def ready() -> None:
    """Read the subjects now: who asks for the program afterwards waits for nothing."""
    _parts()


def source(asked: Asked | None = None) -> str:
    """The whole program, for `python3 -`: the readers of every look, and those of `asked`.

    Raises KeyError for a fact that nothing reads on request.
    """
    return f"{library(asked)}\n\n\nmain(WANTED)\n"


def library(asked: Asked | None = None, only: Collection[str] | None = None) -> str:
    """The same for who goes on with the facts there: `looked(WANTED)`. `only`: of the facts of every look no others."""
    parts = _parts()
    every = {name: wanted for name, wanted in READERS.items() if only is None or name in only}
    readers = {**every, **{name: {**ASKED[name], **given} for name, given in (asked or {}).items()}}
    going = _reached(parts, readers)
    texts = [part.text for name, part in parts.items() if name in going]
    imports = sorted({line for name in going for line in parts[name].imports})
    shared = Path(__file__).with_name("onhost.py").read_text()
    called = ", ".join(f"{name!r}: ({name}, {_plain(wanted)!r})" for name, wanted in sorted(readers.items()))
    return "\n\n\n".join([shared.rstrip(), "\n".join(imports), *texts, f"WANTED = {{{called}}}"])


def _plain(wanted: Mapping[str, Any]) -> Any:
    """What Python reads back where none of our types is known."""
    return json.loads(json.dumps(wanted, default=dict))


@dataclass(frozen=True)
class _Part:
    """A marked function: its text, the names that it has from outside, and the imports that it needs."""

    text: str
    uses: frozenset[str]
    imports: frozenset[str]


@functools.cache
def _parts() -> dict[str, _Part]:
    found = {}
    for path in subjects():
        text = path.read_text()
        module, lines = ast.parse(text), text.splitlines()
        for node in module.body:
            if isinstance(node, ast.FunctionDef) and _marked(node):
                inner = list(ast.walk(node))
                names = [one for one in inner if isinstance(one, ast.Name)]
                used = {one.id for one in names}
                # A variable may be called like somebody's reader.
                own = {one.id for one in names if isinstance(one.ctx, ast.Store)}
                own |= {one.arg for one in inner if isinstance(one, ast.arg)}
                body = "\n".join(lines[node.lineno - 1 : node.end_lineno])
                found[node.name] = _Part(body, frozenset(used - own), frozenset(_imports(module, used)))
    return found


def _reached(parts: Mapping[str, _Part], names: Iterable[str]) -> set[str]:
    """These functions, and what they call of the marked ones."""
    found, waiting = set[str](), list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += parts[name].uses & parts.keys()
    return found


def _marked(node: ast.FunctionDef) -> bool:
    names = [mark.func if isinstance(mark, ast.Call) else mark for mark in node.decorator_list]
    marks = {mark.__name__ for mark in (reads, asked, on_host)}
    return any(isinstance(name, ast.Name) and name.id in marks for name in names)


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
