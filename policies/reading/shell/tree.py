"""The parser: tree-sitter's grammar of bash, which also reads what is unfinished or not quite right."""

from __future__ import annotations

import functools

import tree_sitter_bash
from tree_sitter import Language, Node, Parser


@functools.cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_bash.language()))


@functools.lru_cache(maxsize=1024)
def parse(text: str) -> Node:
    """The tree of a text."""
    return _parser().parse(text.encode()).root_node


def text_of(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")
