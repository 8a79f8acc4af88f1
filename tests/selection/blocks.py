"""Cuts a Python file into blocks: statements that run one after the other, up to the next branch.

A block is named by its function and its number in it, and has a digest of its code: layout, comments and docstrings do
not count. A branch's own lines are blocks of their own, so that only who took it is told of a change in it. What follows
a branch is a new block, since a branch may leave the function.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

_DEF = (ast.FunctionDef, ast.AsyncFunctionDef)
_IMPORT = (ast.Import, ast.ImportFrom)
_BODIES = ("body", "orelse", "finalbody")


@dataclass
class Block:
    name: str  # function#number; <module>#0 is what runs when the file is imported
    first: ast.stmt  # the statement before which it begins
    within: list[ast.stmt]  # the list that it is a part of
    texts: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    line: int = 0
    end: int = 0
    digest: str = ""


def cut(tree: ast.Module) -> list[Block]:
    """The file's blocks with their digests, in a fixed order."""
    found: list[Block] = []
    numbers: dict[str, int] = {}
    _list(tree.body, "<module>", found, numbers, "")
    imports = _imports(tree)
    kept = {name for name in imports if not any(name in block.names for block in found)}
    for block in found:
        bound = sorted(imports[name] for name in block.names if name in imports)
        if block.name == "<module>#0":  # what nobody uses here is imported for its effect, or for others
            bound += sorted(imports[name] for name in kept)
        block.digest = hashlib.sha256("\n".join([*block.texts, *bound]).encode()).hexdigest()[:10]
    return found


def digests(source: str) -> dict[str, str]:
    """{block: digest} of a file's text. Raises SyntaxError."""
    return {block.name: block.digest for block in cut(ast.parse(source))}


def marked(source: str, marks: str) -> tuple[ast.Module, list[str]]:
    """The file's tree in which each block begins with `marks[number] = 1`, and the blocks' names. Raises SyntaxError."""
    tree = ast.parse(source)
    blocks = cut(tree)
    for number, block in enumerate(blocks):
        mark = ast.parse(f"{marks}[{number}] = 1").body[0]
        for node in ast.walk(mark):
            ast.copy_location(node, block.first)
        block.within.insert(next(i for i, one in enumerate(block.within) if one is block.first), mark)
    return tree, [block.name for block in blocks]


def _list(body: list[ast.stmt], where: str, found: list[Block], numbers: dict[str, int], header: str) -> None:
    """Blocks of one list of statements, and of all that is in it."""
    rest = [one for one in body if not _is_docstring(one, body) and not _is_future(one)]
    block: Block | None = None
    for position, statement in enumerate(rest):
        if block is None:
            number = numbers.get(where, 0)
            numbers[where] = number + 1
            block = Block(f"{where}#{number}", statement, body, [header] if header else [], line=statement.lineno)
            header = ""
            found.append(block)
        inner = list(_inner(statement, where))
        _add(block, statement, where)
        block.end = statement.lineno if inner else statement.end_lineno or statement.lineno
        for nested, place, line in inner:
            _list(nested, place, found, numbers, line)
        if inner and not isinstance(statement, (*_DEF, ast.ClassDef)):
            block.texts.append("…" if position + 1 < len(rest) else ".")
            block = None


def _inner(statement: ast.stmt, where: str) -> Iterator[tuple[list[ast.stmt], str, str]]:
    """The lists of statements in this one: each with the function that it belongs to, and what that function is given."""
    inside = "" if where == "<module>" else f"{where}."
    if isinstance(statement, _DEF):
        decorated = " ".join(ast.unparse(one) for one in statement.decorator_list)
        returns = ast.unparse(statement.returns) if statement.returns else ""
        header = f"{type(statement).__name__} {decorated} ({ast.unparse(statement.args)}) {returns}"
        yield statement.body, f"{inside}{statement.name}", header
    elif isinstance(statement, ast.ClassDef):
        yield statement.body, f"{inside}{statement.name}", ""
    else:
        for name in _BODIES:
            if nested := getattr(statement, name, None):
                yield nested, where, ""
        for part in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
            yield part.body, where, ""


def _add(block: Block, statement: ast.stmt, where: str) -> None:
    """The statement's own text, without what is in it."""
    if isinstance(statement, _IMPORT) and where == "<module>":
        return
    if isinstance(statement, _DEF) and where == "<module>" and not statement.decorator_list:
        _names(block, [*statement.args.defaults, *filter(None, statement.args.kw_defaults)])
        return
    parts: list[ast.AST] = []
    for name, value in ast.iter_fields(statement):
        if name in (*_BODIES, "handlers", "cases") and isinstance(value, list):
            block.texts.append(f"{name} {len(value) if name in ('handlers', 'cases') else bool(value)}")
            for part in value:
                parts += [
                    p
                    for p in (getattr(part, "type", None), getattr(part, "pattern", None), getattr(part, "guard", None))
                    if p
                ]
        elif name == "args" and isinstance(statement, _DEF):
            continue  # its own blocks have them
        else:
            parts += [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, ast.AST)]
            block.texts += [str(value)] if isinstance(value, str) else []
    block.texts += [type(statement).__name__, *(_text(part) for part in parts)]
    _names(block, parts)


def _text(part: ast.AST) -> str:
    return ast.unparse(part)


def _names(block: Block, parts: Iterable[ast.AST]) -> None:
    for part in parts:
        block.names |= {one.id for one in ast.walk(part) if isinstance(one, ast.Name)}


def _imports(tree: ast.Module) -> dict[str, str]:
    """{name: what it is} of the file's imports."""
    found: dict[str, str] = {}
    for statement in tree.body:
        if isinstance(statement, _IMPORT) and not _is_future(statement):
            origin = (
                f"{'.' * statement.level}{statement.module or ''}:" if isinstance(statement, ast.ImportFrom) else ""
            )
            for alias in statement.names:
                name = alias.asname or (alias.name if origin else alias.name.partition(".")[0])
                found[name] = found.get(name, "") + f"{name}={origin}{alias.name}"
    return found


def _is_future(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"


def _is_docstring(statement: ast.stmt, body: list[ast.stmt]) -> bool:
    value = getattr(statement, "value", None)
    return (
        statement is body[0]
        and isinstance(statement, ast.Expr)
        and isinstance(value, ast.Constant)
        and isinstance(value.value, str)
    )
