"""One file of a program and of all that it imports from here, which a host's own Python runs (zipapp): no package is installed."""

from __future__ import annotations

import ast
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_OURS = ("mech_infra", "mech_ops")
_SHEBANG = b"#!/usr/bin/python3\n"


def packed(main: str, modules: Iterable[str] = (), beside: Mapping[str, str] | None = None) -> bytes:
    """`main`: MODULE:FUNCTION, whose result is the exit code. `modules` go along though nobody imports them by name.

    `beside` are files of text, path in the archive to text. The same sources give the same bytes on every machine: nothing
    is compressed, since that differs between zlib's versions, and no file has a time of its own.
    """
    module, _, function = main.partition(":")
    texts = {str(path.relative_to(ROOT)): path.read_text() for path in needed([module, *modules]).values()}
    texts |= {**(beside or {}), "__main__.py": f"import sys\nfrom {module} import {function}\nsys.exit({function}())\n"}
    to = io.BytesIO()
    with zipfile.ZipFile(to, "w", zipfile.ZIP_STORED) as archive:
        for name, text in sorted(texts.items()):
            archive.writestr(zipfile.ZipInfo(name), text)
    return _SHEBANG + to.getvalue()


def needed(modules: Iterable[str]) -> dict[str, Path]:
    """By name the files of these modules of ours, and of all of ours that they import."""
    found: dict[str, Path] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        path = _file(name)
        if name in found or path is None:
            continue
        found[name] = path
        waiting += [name.rpartition(".")[0], *_imports(ast.parse(path.read_text()))]
    return found


def _file(name: str) -> Path | None:
    """None for what is not ours, or no module."""
    if name.partition(".")[0] not in _OURS:
        return None
    place = ROOT.joinpath(*name.split("."))
    return next((path for path in (place / "__init__.py", place.with_suffix(".py")) if path.is_file()), None)


def _imports(node: ast.AST) -> Iterator[str]:
    """Names that may be modules; what only a type checker imports is none."""
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    if isinstance(node, ast.ImportFrom) and node.module:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    for child in ast.iter_child_nodes(node):
        yield from _imports(child)
