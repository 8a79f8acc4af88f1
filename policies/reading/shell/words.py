"""Words: what the shell makes of quotes, variables, braces, arithmetic and substitutions."""

from __future__ import annotations

import ast
import codecs
import fnmatch
import re
from collections.abc import Callable

from tree_sitter import Node

from policies.reading.shell.memory import Memory
from policies.reading.shell.trace import HOLE, known
from policies.reading.shell.tree import parse, text_of

_EXPANSION = re.compile(r"\$\{(?P<ask>[#!]?)(?P<name>\w+|[@*#?])(?P<index>\[[^\]]*\])?(?P<do>.*)\}", re.S)
_RANGE = re.compile(r"\{(-?\d+)\.\.(-?\d+)(?:\.\.(\d+))?\}")
_QUOTED = ("string", "raw_string", "ansi_c_string", "translated_string", "heredoc_body")
_LONGEST = 4096  # words of one brace expression


class Words:
    """Expands words of one shell; `substitute` runs what stands in $( ) and says what it prints."""

    def __init__(self, memory: Memory, substitute: Callable[[Node], str]) -> None:
        self.memory = memory
        self._substitute = substitute

    def one(self, node: Node) -> str:
        """A word as a single text, as between double quotes or after `=`."""
        kind = node.type
        if kind == "raw_string":
            return text_of(node)[1:-1]
        if kind == "ansi_c_string":
            return codecs.decode(text_of(node)[2:-1].encode("latin-1", "replace"), "unicode_escape")
        if kind in ("simple_expansion", "expansion"):
            return self._expanded(text_of(node))
        if kind in ("command_substitution", "process_substitution"):
            return self._substitute(node).rstrip("\n")
        if kind == "arithmetic_expansion":
            return self._arithmetic(text_of(node)[3:-2])
        if kind in ("string", "translated_string"):
            return self._joined(node, quoted=True)
        if kind == "heredoc_body":
            return self._joined(node, quoted=True, ends=False)
        if node.children and kind in ("concatenation", "command_name"):
            return self._joined(node, quoted=False)
        return _unescaped(text_of(node))

    def many(self, node: Node) -> list[str]:
        """The words that an argument becomes: none, one, or several."""
        if node.type == "command_name" and len(node.children) == 1:
            return self.many(node.children[0])
        keys = re.fullmatch(r'"?\$\{!(\w+)\[[@*]\]\}"?', text_of(node))
        if keys:
            return self.memory.keys(keys[1])
        every = re.fullmatch(r'"?\$(?:\{(\w+|[@*])\[[@*]\]\}|\{?([@*])\}?)"?', text_of(node))
        if every and node.type in ("string", "expansion", "simple_expansion"):
            return self.memory.every(every[1] or every[2])
        if node.type in _QUOTED:
            return [self.one(node)]
        if node.type in ("concatenation", "word", "brace_expression") and b"{" in (node.text or b""):
            choices = _braces(text_of(node))
            if len(choices) > 1:
                return [word for choice in choices for word in self._parsed(choice)]
        text = self.one(node)
        if _splits(node):
            return text.split()
        return [text]

    def _parsed(self, text: str) -> list[str]:
        """A word written out anew, such as one choice of a brace expression."""
        command = next(iter(parse(f": {text}").children), None)
        arguments = command.children_by_field_name("argument") if command is not None else []
        return [word for argument in arguments for word in self.many(argument)]

    def _joined(self, node: Node, quoted: bool, ends: bool = True) -> str:
        """The children's texts, with what stands between them as it is."""
        raw, start = node.text or b"", node.start_byte
        at, last = (1, len(raw) - 1) if quoted and ends else (0, len(raw))
        if quoted and ends and raw[:2] == b'$"':
            at = 2
        out = ""
        for child in node.named_children:
            begin, end = child.start_byte - start, child.end_byte - start
            if child.type in ("string_content", "heredoc_content"):
                continue
            out += _unescaped(raw[at:begin].decode("utf-8", "replace"), quoted) + self.one(child)
            at = end
        return out + _unescaped(raw[at:last].decode("utf-8", "replace"), quoted)

    def _expanded(self, text: str) -> str:
        match = _EXPANSION.fullmatch(text)
        if match is None:
            return self.memory.value(text.lstrip("$").strip("{}"))
        name, index, do = match["name"], match["index"], match["do"]
        values = self.memory.every(name) if index in ("[@]", "[*]") or name in "@*" else None
        value = " ".join(values) if values is not None else self.memory.value(name)
        if index and values is None:
            value = self.memory.at(name, self._text(index[1:-1]))
        if match["ask"] == "#":
            return str(len(values) if values is not None else len(value)) if known(value) else HOLE
        if match["ask"] == "!":
            return self.memory.value(value) if known(value) else HOLE
        return self._changed(name, value, do) if do else value

    def _changed(self, name: str, value: str, do: str) -> str:
        default = re.fullmatch(r"(:?)([-=+?])(.*)", do, re.S)
        if default:
            there = name in self.memory.variables and name not in self.memory.gone
            missing = (value in (HOLE, "") and not there) or (default[1] == ":" and not value)
            if default[2] == "+":
                return value if missing else self._text(default[3])
            return self._text(default[3]) if missing and default[2] in "-=" else value
        if not known(value):
            return value
        cut = re.fullmatch(r"(%%?|##?)(.*)", do, re.S)
        if cut:
            return _cut(value, cut[1], self._text(cut[2]))
        swap = re.fullmatch(r"/(/?)([^/]+)/?(.*)", do, re.S)
        if swap:
            return value.replace(self._text(swap[2]), self._text(swap[3]), -1 if swap[1] else 1)
        case = {"^^": value.upper(), ",,": value.lower(), "^": value[:1].upper() + value[1:]}
        return case.get(do, HOLE)

    def _text(self, text: str) -> str:
        words = self._parsed(f'"{text}"') if '"' not in text else self._parsed(text)
        return " ".join(words)

    def _arithmetic(self, text: str) -> str:
        spelled = re.sub(
            r"\$?\{?([A-Za-z_]\w*|(?<=\$)\d|(?<=\$\{)\d)\}?", lambda name: self.memory.value(name[1]) or "0", text
        )
        return calculated(spelled)


def calculated(text: str) -> str:
    """What whole numbers come to; HOLE where it is not plain arithmetic."""
    if not re.fullmatch(r"[\d\s+\-*/%()]{1,80}", text) or "**" in text:
        return HOLE
    try:
        return str(_sum(ast.parse(text.strip().replace("/", "//").replace("////", "//"), mode="eval").body))
    except (SyntaxError, ValueError, ZeroDivisionError):
        return HOLE


def _sum(node: ast.expr) -> int:
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_sum(node.operand)
    if isinstance(node, ast.BinOp):
        left, right = _sum(node.left), _sum(node.right)
        if isinstance(node.op, ast.FloorDiv):
            return left // right
        if isinstance(node.op, ast.Mod):
            return left % right
        simple = {ast.Add: left + right, ast.Sub: left - right, ast.Mult: left * right}
        if type(node.op) in simple:
            return simple[type(node.op)]
    raise ValueError(ast.dump(node))


def _cut(value: str, how: str, pattern: str) -> str:
    ends = range(len(value) + 1)
    if how[0] == "%":
        order = reversed(ends) if how == "%" else iter(ends)
        return next((value[:at] for at in order if fnmatch.fnmatchcase(value[at:], pattern)), value)
    order = iter(ends) if how == "#" else reversed(ends)
    return next((value[at:] for at in order if fnmatch.fnmatchcase(value[:at], pattern)), value)


def _splits(node: Node) -> bool:
    """Whether the shell splits the word at its blanks: it has an expansion outside quotes."""
    if node.type in ("simple_expansion", "expansion", "command_substitution"):
        return True
    return node.type == "concatenation" and any(_splits(child) for child in node.children)


def _braces(text: str) -> list[str]:
    """The choices of the first brace expression outside quotes and ${ }, one after the other."""
    found = re.search(r"(?<![$\\])\{[^{}'\"\s]*\}", text)
    if found is None or re.search(r"['\"]", text[: found.start()]):
        return [text]
    span = _RANGE.fullmatch(found[0])
    if span:
        low, high, step = int(span[1]), int(span[2]), int(span[3] or 1) or 1
        if abs(high - low) > _LONGEST:
            return [text]
        order = range(low, high + 1, step) if low <= high else range(low, high - 1, -step)
        choices = [str(number) for number in order]
    elif "," in found[0]:
        choices = found[0][1:-1].split(",")
    else:
        return [text]
    return [rest for choice in choices for rest in _braces(text[: found.start()] + choice + text[found.end() :])]


def _unescaped(text: str, quoted: bool = False) -> str:
    """Backslashes taken off, as outside quotes or between double quotes."""
    return re.sub(r'\\([$`"\\])' if quoted else r"\\(.)", r"\1", text.replace("\\\n", ""))
