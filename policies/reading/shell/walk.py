"""Walks through a shell text as the shell would, and notes each command with the words that it gets.

Nothing is run. Where the way depends on the host, both ways are walked, and what stands on them is not `sure`; a question
about the state that the next command makes (`ufw status | grep -q …`, `[ -f … ]`, `command -v …`) is how people write that a
thing is done once, so both ways lead to the same, and are.
"""

from __future__ import annotations

import contextlib
import fnmatch
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from tree_sitter import Node

from policies.reading.shell import tools
from policies.reading.shell.memory import Memory
from policies.reading.shell.tests import answer
from policies.reading.shell.trace import HOLE, Act, Trace, known
from policies.reading.shell.tree import parse, text_of
from policies.reading.shell.words import Words

_MOST = 20_000  # statements of one text, each as often as it is walked through
_DEEP = 40  # functions, scripts and substitutions in each other
# A question about what the host has; it says nothing of a variable's value.
_ASKS = re.compile(
    r"\b(status|show|list|ls|ps|inspect|info|command -v|which|type|is-active|is-enabled|is-failed|grep|dpkg|id|getent|cmp|diff"
    r"|curl|nc|pgrep|mountpoint|active)\b|(\[|\btest)\s+(!\s+)?-[bcdefhLrsSwx]\s"
)


class _Ends(Exception):
    """`exit` or `return`: what comes after is not reached."""


class _Turns(Exception):
    """`break` (True) or `continue` (False)."""


class _Endless(Exception):
    """The text takes too long to be read whole."""


@dataclass(frozen=True)
class Done:
    """How a command ended (None: only the host knows) and what it printed."""

    ok: bool | None = None
    out: str = HOLE


def read(
    text: str,
    stdin: str | None = None,
    variables: Mapping[str, str] | None = None,
    files: Mapping[str, str] | None = None,
) -> Trace:
    """What the text does when a shell runs it with this standard input and environment, on a host with these files."""
    trace = Trace()
    memory = Memory(variables=dict(variables or {}), files=dict(files or {}))
    with contextlib.suppress(_Ends, _Turns, _Endless, RecursionError):
        _Walk(trace, memory).text(text, stdin)
    trace.files = memory.files
    return trace


class _Walk:
    def __init__(self, trace: Trace, memory: Memory, sure: bool = True, line: int | None = None, deep: int = 0) -> None:
        self.trace, self.memory, self.sure, self.line, self.deep = trace, memory, sure, line, deep
        self.words = Words(memory, self._substituted)
        self.fed: list[str] | None = None  # lines that `read` has not taken yet

    def text(self, text: str, stdin: str | None = None) -> Done:
        return self._all(parse(text).children, stdin)

    def _nested(self, inner: tools.Inner, line: int) -> Done:
        """A text within the text: of `sh -c`, `eval`, a script that was written."""
        if self.deep >= _DEEP or not known(inner.text):
            self.trace.opaque.append(inner.text.replace(HOLE, "…")[:80])
            return Done()
        walk = _Walk(self.trace, self.memory, self.sure, line, self.deep + 1)
        kept = self.memory.arguments
        if inner.arguments is not None:
            self.memory.arguments = inner.arguments
        try:
            return walk.text(inner.text, inner.stdin)
        finally:
            self.memory.arguments = kept

    def _all(self, nodes: Iterable[Node], stdin: str | None = None) -> Done:
        done, out = Done(True, ""), ""
        for node in nodes:
            if node.is_named and node.type not in ("comment", "heredoc_body"):
                done = self.node(node, stdin)
                out += done.out
        return Done(done.ok, out)

    def _maybe(self, nodes: Iterable[Node], stdin: str | None, sure: bool) -> Done:
        """A way that may not be taken. Where the text ends on it, what goes on knows nothing of it."""
        kept, self.sure = self.sure, self.sure and sure
        files, first = self.memory.files, len(self.trace.acts)
        try:
            return Done(None, self._all(nodes, stdin).out)
        except _Ends:
            self.memory.files = files
            self.trace.acts[first:] = [replace(act, sure=False) for act in self.trace.acts[first:]]
            return Done(None, HOLE)
        except _Turns:
            return Done(None, HOLE)
        finally:
            self.sure = kept

    def _round(self, body: Node, stdin: str | None = None) -> tuple[bool, str]:
        """One round of a loop: (whether another may follow, what it printed)."""
        try:
            return True, self.node(body, stdin).out
        except _Turns as turn:
            return not turn.args[0], HOLE

    def node(self, node: Node, stdin: str | None = None) -> Done:
        """One statement. What is no statement of ours is walked through for those in it."""
        self.trace.steps += 1
        if self.trace.steps > _MOST:
            self.trace.opaque.append("a text that never ends")
            raise _Endless
        method = getattr(self, f"_{node.type}", None)
        if method is None:
            return self._all(node.children, stdin)
        done: Done = method(node, stdin)
        return done

    def _substituted(self, node: Node) -> str:
        if self.deep >= _DEEP:
            return HOLE
        walk = _Walk(self.trace, self.memory.inner(), self.sure, self.line or node.start_point[0] + 1, self.deep + 1)
        try:
            out = walk._all(node.named_children).out
        except _Ends:
            out = HOLE
        self.memory.files = walk.memory.files
        return out

    # Commands.

    def _command(self, node: Node, stdin: str | None) -> Done:
        name = node.child_by_field_name("name")
        assigned = [child for child in node.named_children if child.type == "variable_assignment"]
        for child in assigned if name is None else ():
            self._variable_assignment(child, None)
        if name is None:
            return Done(True, "")
        for child in node.named_children:
            if child.type in ("herestring_redirect", "file_redirect", "heredoc_redirect"):
                stdin = self._input(child, stdin)
        argv = [word for child in [name, *node.children_by_field_name("argument")] for word in self.words.many(child)]
        here = {_name(child): self._value(child) for child in assigned}
        line = self.line or node.start_point[0] + 1
        return self.argv(argv, stdin, line, {k: v for k, v in here.items() if isinstance(v, str)})

    def argv(self, argv: list[str], stdin: str | None, line: int, variables: Mapping[str, str] | None = None) -> Done:
        """A command by its words."""
        argv = tools.bare(argv)
        if not argv:
            return Done(True, "")
        if argv[0] in self.memory.functions:
            return self._called(argv, stdin)
        if argv[0] in ("exit", "return"):
            raise _Ends
        if argv[0] in ("break", "continue"):
            raise _Turns(argv[0] == "break")
        if argv[0] == "read" and self.fed is not None:
            return self._read(argv, (variables or {}).get("IFS"))
        inner = tools.inner(argv, stdin, self.memory)
        if inner is not None:
            return self._nested(inner, line)
        spread = tools.spread(argv, stdin)
        if spread is not None:
            for each in spread:
                self.argv(each, None, line)
            return Done()
        said = tools.run(argv, stdin, self.memory)
        if said is not None:
            return Done(*said)
        self.trace.acts.append(
            Act(tuple(argv), stdin, line, self.sure, self.memory.files,
                {**self.memory.variables, **(variables or {})}, self.memory.cwd)
        )  # fmt: skip
        return Done()

    def _called(self, argv: list[str], stdin: str | None) -> Done:
        if self.deep >= _DEEP:
            return Done()
        kept, self.memory.arguments = self.memory.arguments, argv[1:]
        self.deep += 1
        try:
            return self.node(self.memory.functions[argv[0]], stdin)
        except _Ends:
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

    def _variable_assignment(self, node: Node, stdin: str | None) -> Done:
        self.memory.set(_name(node), self._value(node), append="+=" in [child.type for child in node.children])
        return Done(True, "")

    def _value(self, node: Node) -> str | list[str]:
        value = node.child_by_field_name("value")
        if value is None:
            return ""
        if value.type == "array":
            return [word for child in value.named_children for word in self.words.many(child)]
        return self.words.one(value)

    def _declaration_command(self, node: Node, stdin: str | None) -> Done:
        return self._all(child for child in node.named_children if child.type == "variable_assignment")

    def _unset_command(self, node: Node, stdin: str | None) -> Done:
        return Done(True, "")

    def _function_definition(self, node: Node, stdin: str | None) -> Done:
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        if name is not None and body is not None:
            self.memory.functions[text_of(name)] = body
        return Done(True, "")

    # Redirections and pipes.

    def _redirected_statement(self, node: Node, stdin: str | None) -> Done:
        body = node.child_by_field_name("body")
        redirects = [child for child in node.named_children if child.type.endswith("_redirect")]
        then: list[Node] = []
        for redirect in redirects:
            stdin = self._input(redirect, stdin)
            if redirect.type == "heredoc_redirect":
                then += [child for child in redirect.named_children if child.type in ("pipeline", "list", "command")]
        done = self.node(body, stdin) if body is not None else Done(True, "")
        nested = [each for one in redirects for each in one.children if each.type == "file_redirect"]
        for redirect in [*redirects, *nested]:
            if redirect.type == "file_redirect" and _writes(redirect):
                target = redirect.child_by_field_name("destination")
                if target is not None and _of_output(redirect):
                    self.memory.write(self.words.one(target), done.out, append=">>" in text_of(redirect))
                    done = Done(done.ok, "")
        for rest in then:
            done = self._after_heredoc(rest, done)
        return done

    def _after_heredoc(self, node: Node, done: Done) -> Done:
        """What stands behind `<<EOF` on its line: `| command`, `&& command`."""
        return self.node(node, done.out)

    def _input(self, redirect: Node, stdin: str | None) -> str | None:
        if redirect.type == "herestring_redirect":
            return self.words.one(redirect.named_children[-1]) + "\n"
        if redirect.type == "heredoc_redirect":
            return self._heredoc(redirect)
        target = redirect.child_by_field_name("destination")
        if redirect.type == "file_redirect" and target is not None and "<" in [c.type for c in redirect.children]:
            if target.type == "process_substitution":
                return self.words.one(target) + "\n"
            return self.memory.content(self.words.one(target))
        return stdin

    def _heredoc(self, redirect: Node) -> str:
        start = next((text_of(c) for c in redirect.named_children if c.type == "heredoc_start"), "")
        body = next((c for c in redirect.named_children if c.type == "heredoc_body"), None)
        if body is None:
            return ""
        text = text_of(body) if re.match(r"['\"\\]", start) else self.words.one(body)
        return re.sub(r"^\t+", "", text, flags=re.M) if text_of(redirect).startswith("<<-") else text

    def _pipeline(self, node: Node, stdin: str | None) -> Done:
        done = Done(True, stdin if stdin is not None else HOLE)
        for at, child in enumerate(node.named_children):
            done = self.node(child, stdin if at == 0 else done.out)
        return done

    def _negated_command(self, node: Node, stdin: str | None) -> Done:
        done = self._all(node.named_children, stdin)
        return Done(None if done.ok is None else not done.ok, done.out)

    def _test_command(self, node: Node, stdin: str | None) -> Done:
        return Done(answer(node, self.words), "")

    def _subshell(self, node: Node, stdin: str | None) -> Done:
        walk = _Walk(self.trace, self.memory.inner(), self.sure, self.line, self.deep + 1)
        try:
            done = walk._all(node.named_children, stdin)
        except _Ends:
            done = Done()
        self.memory.files = walk.memory.files
        return done

    # Ways.

    def _list(self, node: Node, stdin: str | None) -> Done:
        left, right = node.named_children[0], node.named_children[-1]
        both = "&&" in [child.type for child in node.children]
        done = self.node(left, stdin)
        if done.ok is not None and done.ok is not both:
            return done
        if done.ok is None:
            other = self._maybe([right], stdin, both or bool(_ASKS.search(text_of(left))))
            return Done(None, done.out + other.out)
        other = self.node(right, stdin)
        return Done(other.ok, done.out + other.out)

    def _if_statement(self, node: Node, stdin: str | None) -> Done:
        asked = node.children_by_field_name("condition")
        done = self._all(asked)
        body = [c for c in node.named_children if c not in asked and c.type not in ("elif_clause", "else_clause")]
        others = [c for c in node.named_children if c.type in ("elif_clause", "else_clause")]
        if done.ok is True:
            return self._all(body, stdin)
        once = bool(_ASKS.search(" ".join(map(text_of, asked))))
        if done.ok is None:
            self._maybe(body, stdin, once)
        for other in others:
            if other.type == "else_clause":
                return self._all(other.named_children, stdin) if done.ok is False else self._maybe(
                    other.named_children, stdin, once
                )  # fmt: skip
            # An `elif` has no fields: its first statement is what it asks.
            first, *rest = [child for child in other.named_children if child.type != "comment"]
            before = done.ok
            done = self.node(first)
            if before is False and done.ok is True:
                return self._all(rest, stdin)
            if done.ok is not False:
                self._maybe(rest, stdin, False)
                done = Done(None)
            elif before is None:
                done = Done(None)
        return Done()

    def _case_statement(self, node: Node, stdin: str | None) -> Done:
        value = node.child_by_field_name("value")
        asked = self.words.one(value) if value is not None else HOLE
        for item in (child for child in node.named_children if child.type == "case_item"):
            patterns = item.children_by_field_name("value")
            body = [child for child in item.named_children if child not in patterns]
            if not known(asked):
                self._maybe(body, stdin, False)
            elif any(fnmatch.fnmatchcase(asked, text_of(pattern).strip("\"'")) for pattern in patterns):
                return self._all(body, stdin)
        return Done()

    def _for_statement(self, node: Node, stdin: str | None) -> Done:
        variable, body = node.child_by_field_name("variable"), node.child_by_field_name("body")
        if variable is None or body is None:
            return Done()
        given = node.children_by_field_name("value")
        values = [word for value in given for word in self.words.many(value)] if given else list(self.memory.arguments)
        out = ""
        for value in values:
            self.memory.set(text_of(variable), value)
            more, said = self._round(body, stdin)
            out += said
            if not more:
                break
        return Done(None, out)

    def _c_style_for_statement(self, node: Node, stdin: str | None) -> Done:
        head = re.match(r"for\s*\(\(\s*(\w+)\s*=\s*(\d+)\s*;\s*\1\s*(<=?)\s*(\d+)\s*;\s*\1\+\+\s*\)\)", text_of(node))
        body = node.child_by_field_name("body")
        if body is None:
            return Done()
        if head is None:
            return self._maybe([body], stdin, False)
        for number in range(int(head[2]), int(head[4]) + (head[3] == "<=")):
            self.memory.set(head[1], str(number))
            if not self._round(body, stdin)[0]:
                break
        return Done()

    def _while_statement(self, node: Node, stdin: str | None) -> Done:
        asked, body = node.children_by_field_name("condition"), node.child_by_field_name("body")
        if body is None:
            return Done()
        if not any(re.search(r"\bread\b", text_of(each)) for each in asked):
            done = self._all(asked)
            return Done() if done.ok is False and "while" in text_of(node)[:5] else self._maybe([body], stdin, False)
        lines = (stdin if stdin is not None else HOLE).splitlines()
        kept, self.fed = self.fed, [line for line in lines if known(line)]
        try:
            while self.fed:
                self._all(asked)
                if not self._round(body)[0]:
                    return Done()
            if any(not known(line) for line in lines):
                for name in re.findall(r"\bread\b((?:\s+-\w)*(?:\s+[A-Za-z_]\w*)+)", " ".join(map(text_of, asked))):
                    for word in name.split():
                        self.memory.set(word, HOLE)
                self.fed = None
                self._maybe([body], None, False)
        finally:
            self.fed = kept
        return Done()


def _name(assignment: Node) -> str:
    name = assignment.child_by_field_name("name")
    return re.sub(r"\[.*", "", text_of(name)) if name is not None else ""


def _writes(redirect: Node) -> bool:
    return any(child.type in (">", ">>", ">|", "&>", "&>>") for child in redirect.children)


def _of_output(redirect: Node) -> bool:
    """Whether it takes the standard output; `2>` takes errors."""
    descriptor = redirect.child_by_field_name("descriptor")
    return descriptor is None or text_of(descriptor) == "1"
