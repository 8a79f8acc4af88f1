"""Commands: their words, what runs inside them, and the act that is noted of each."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tree_sitter import Node

from policies.reading.shell import programs, runners
from policies.reading.shell.redirects import Redirects
from policies.reading.shell.shell import DEEP, Done, Ends, Turns
from policies.reading.shell.trace import HOLE, Act, known
from policies.reading.shell.tree import parse, text_of


class Running(Redirects):
    """Commands, functions and variables."""

    def text(self, text: str, stdin: str | None = None) -> Done:
        return self.all(parse(text).children, stdin)

    def _nested(self, inner: runners.Inner, line: int) -> Done:
        """A text within the text: of `sh -c`, `eval`, a script that was written."""
        if self.deep >= DEEP or not known(inner.text):
            self.trace.opaque.append(inner.text.replace(HOLE, "…")[:80])
            return Done()
        walk = type(self)(self.trace, self.memory, self.sure, line, self.deep + 1)
        kept = self.memory.arguments
        if inner.arguments is not None:
            self.memory.arguments = inner.arguments
        try:
            return walk.text(inner.text, inner.stdin)
        finally:
            self.memory.arguments = kept

    # Commands.

    def on_command(self, node: Node, stdin: str | None) -> Done:
        name = node.child_by_field_name("name")
        assigned = [child for child in node.named_children if child.type == "variable_assignment"]
        for child in assigned if name is None else ():
            self.on_variable_assignment(child, None)
        if name is None:
            return Done(True, "")
        for child in node.named_children:
            if child.type in ("herestring_redirect", "file_redirect", "heredoc_redirect"):
                stdin = self._input(child, stdin)
        argv = [word for child in [name, *node.children_by_field_name("argument")] for word in self.words.many(child)]
        argv += _dash(node)
        here = {_name(child): self._value(child) for child in assigned}
        line = self.line or node.start_point[0] + 1
        return self.argv(argv, stdin, line, {k: v for k, v in here.items() if isinstance(v, str)})

    def argv(self, argv: list[str], stdin: str | None, line: int, variables: Mapping[str, str] | None = None) -> Done:
        """A command by its words."""
        argv = runners.bare(argv)
        if not argv:
            return Done(True, "")
        if argv[0] in self.memory.functions:
            return self._called(argv, stdin)
        if argv[0] in ("exit", "return"):
            raise Ends
        if argv[0] in ("break", "continue"):
            raise Turns(argv[0] == "break")
        if argv[0] == "read" and self.fed is not None:
            return self._read(argv, (variables or {}).get("IFS"))
        inner = runners.inner(argv, stdin, self.memory)
        if inner is not None:
            return self._nested(inner, line)
        spread = runners.spread(argv, stdin)
        if spread is not None:
            for each in spread:
                self.argv(each, None, line)
            return Done()
        said = programs.run(argv, stdin, self.memory)
        if said is not None:
            return Done(*said)
        self.trace.acts.append(
            Act(tuple(argv), stdin, line, self.sure, self.memory.files,
                {**self.memory.variables, **(variables or {})}, self.memory.cwd)
        )  # fmt: skip
        return Done()

    def _called(self, argv: list[str], stdin: str | None) -> Done:
        if self.deep >= DEEP:
            return Done()
        kept, self.memory.arguments = self.memory.arguments, argv[1:]
        self.deep += 1
        try:
            return self.node(self.memory.functions[argv[0]], stdin)
        except Ends:
            return Done()
        finally:
            self.memory.arguments = kept
            self.deep -= 1

    def _read(self, argv: list[str], between: str | None) -> Done:
        assert self.fed is not None
        if not self.fed:
            return Done(False, "")
        names = [word for word in argv[1:] if not word.startswith("-")] or ["REPLY"]
        fields = self.fed.pop(0).split(between or None, len(names) - 1)
        for at, name in enumerate(names):
            self.memory.set(name, fields[at].rstrip() if at < len(fields) else "")
        return Done(True, "")

    def on_variable_assignment(self, node: Node, stdin: str | None) -> Done:
        value, index = self._value(node), _index(node)
        if index is not None and isinstance(value, str):
            self.memory.put(_name(node), self.words.one(index), value)
        else:
            self.memory.set(_name(node), value, append="+=" in [child.type for child in node.children])
        return Done(True, "")

    def _value(self, node: Node) -> str | list[str] | dict[str, str]:
        value = node.child_by_field_name("value")
        if value is None:
            return ""
        if value.type == "array":
            words = [word for child in value.named_children for word in self.words.many(child)]
            pairs = [re.fullmatch(r"\[([^\]]*)\]=(.*)", word, re.S) for word in words]
            named = {pair[1]: pair[2] for pair in pairs if pair}
            return named if named and len(named) == len(words) else words
        return self.words.one(value)

    def on_declaration_command(self, node: Node, stdin: str | None) -> Done:
        return self.all(child for child in node.named_children if child.type == "variable_assignment")

    def on_unset_command(self, node: Node, stdin: str | None) -> Done:
        for child in node.named_children:
            if child.type in ("variable_name", "word") and not text_of(child).startswith("-"):
                self.memory.unset(text_of(child))
        return Done(True, "")

    def on_function_definition(self, node: Node, stdin: str | None) -> Done:
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        if name is not None and body is not None:
            self.memory.functions[text_of(name)] = body
        return Done(True, "")


def _dash(command: Node) -> list[str]:
    """A `-` that stands between the command and its heredoc: the parser leaves it out."""
    after, whole = command.next_sibling, command.parent
    if after is None or whole is None or not after.type.endswith("_redirect"):
        return []
    between = (whole.text or b"")[command.end_byte - whole.start_byte : after.start_byte - whole.start_byte]
    return ["-"] if between.strip() == b"-" else []


def _index(assignment: Node) -> Node | None:
    """The index of `A[i]=…`."""
    name = assignment.child_by_field_name("name")
    return name.child_by_field_name("index") if name is not None and name.type == "subscript" else None


def _name(assignment: Node) -> str:
    name = assignment.child_by_field_name("name")
    return re.sub(r"\[.*", "", text_of(name)) if name is not None else ""
