"""`[ … ]` and `[[ … ]]`: True or False where the words are known, None where only the host knows."""

from __future__ import annotations

import fnmatch

from tree_sitter import Node

from policies.reading.shell.trace import known
from policies.reading.shell.tree import text_of
from policies.reading.shell.words import Words

_NUMBERS = {
    "-eq": lambda a, b: a == b, "-ne": lambda a, b: a != b, "-lt": lambda a, b: a < b,
    "-le": lambda a, b: a <= b, "-gt": lambda a, b: a > b, "-ge": lambda a, b: a >= b,
}  # fmt: skip


def answer(node: Node, words: Words) -> bool | None:
    """What a test says."""
    kind, children = node.type, node.named_children
    if kind in ("test_command", "parenthesized_expression") and len(children) == 1:
        return answer(children[0], words)
    operator = next((text_of(child) for child in node.children if child.type in _OPERATORS or not child.is_named), "")
    named = node.child_by_field_name("operator")
    operator = text_of(named) if named is not None else operator
    if kind == "unary_expression" and children:
        return _one(operator, children[-1], words)
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if kind == "binary_expression" and left is not None and right is not None:
        if operator in ("&&", "-a", "||", "-o"):
            return _joined(operator in ("&&", "-a"), answer(left, words), answer(right, words))
        return _two(operator, words.one(left), words.one(right), pattern=text_of(node.parent or node).startswith("[["))
    if kind in ("string", "word", "raw_string", "simple_expansion", "expansion", "concatenation"):
        value = words.one(node)
        return bool(value) if known(value) else None
    return None


_OPERATORS = ("test_operator",)


def _joined(both: bool, a: bool | None, b: bool | None) -> bool | None:
    decided = not both
    if a is decided or b is decided:
        return decided
    return both if a is both and b is both else None


def _one(operator: str, node: Node, words: Words) -> bool | None:
    if operator == "!":
        inner = answer(node, words)
        return None if inner is None else not inner
    value = words.one(node)
    if operator in ("-z", "-n") and known(value):
        return (operator == "-n") is bool(value)
    return None


def _two(operator: str, left: str, right: str, pattern: bool) -> bool | None:
    if not known(left, right):
        return None
    if operator in ("=", "=="):
        return fnmatch.fnmatchcase(left, right) if pattern else left == right
    if operator == "!=":
        return not (fnmatch.fnmatchcase(left, right) if pattern else left == right)
    try:
        return bool(_NUMBERS[operator](int(left), int(right)))
    except (KeyError, ValueError):
        return None
