"""Ways through a text: conditions, choices and loops."""

from __future__ import annotations

import fnmatch
import re

from tree_sitter import Node

from policies.reading.shell.shell import Done, Shell
from policies.reading.shell.trace import HOLE, known
from policies.reading.shell.tree import text_of

# A question about what the host has; it says nothing of a variable's value.
_ASKS = re.compile(
    r"\b(status|show|list|ls|ps|inspect|info|command -v|which|type|is-active|is-enabled|is-failed|grep|dpkg|id|getent|cmp|diff"
    r"|curl|nc|pgrep|mountpoint|active)\b|(\[|\btest)\s+(!\s+)?-[bcdefhLrsSwx]\s"
)


class Ways(Shell):
    """Which statements are reached, and how often."""

    # Ways.

    def on_list(self, node: Node, stdin: str | None) -> Done:
        left, right = node.named_children[0], node.named_children[-1]
        both = "&&" in [child.type for child in node.children]
        done = self.node(left, stdin)
        if done.ok is not None and done.ok is not both:
            return done
        if done.ok is None:
            other = self.maybe([right], stdin, both or bool(_ASKS.search(text_of(left))))
            return Done(None, done.out + other.out)
        other = self.node(right, stdin)
        return Done(other.ok, done.out + other.out)

    def on_if_statement(self, node: Node, stdin: str | None) -> Done:
        asked = node.children_by_field_name("condition")
        done = self.all(asked)
        body = [c for c in node.named_children if c not in asked and c.type not in ("elif_clause", "else_clause")]
        others = [c for c in node.named_children if c.type in ("elif_clause", "else_clause")]
        if done.ok is True:
            return self.all(body, stdin)
        once = bool(_ASKS.search(" ".join(map(text_of, asked))))
        said = [self.maybe(body, stdin, once).out] if done.ok is None else []
        for other in others:
            if other.type == "else_clause":
                if done.ok is False:
                    return self.all(other.named_children, stdin)
                said.append(self.maybe(other.named_children, stdin, once).out)
                return Done(None, _one_of(said))
            # An `elif` has no fields: its first statement is what it asks.
            first, *rest = [child for child in other.named_children if child.type != "comment"]
            before = done.ok
            done = self.node(first)
            if before is False and done.ok is True:
                return self.all(rest, stdin)
            if done.ok is not False:
                said.append(self.maybe(rest, stdin, False).out)
                done = Done(None)
            elif before is None:
                done = Done(None)
        return Done(None, _one_of([*said, ""]))

    def on_case_statement(self, node: Node, stdin: str | None) -> Done:
        value = node.child_by_field_name("value")
        asked = self.words.one(value) if value is not None else HOLE
        said = [""]
        for item in (child for child in node.named_children if child.type == "case_item"):
            patterns = item.children_by_field_name("value")
            body = [child for child in item.named_children if child not in patterns]
            if not known(asked):
                said.append(self.maybe(body, stdin, False).out)
            elif any(fnmatch.fnmatchcase(asked, pattern) for pattern in _patterns(item)):
                return self.all(body, stdin)
        return Done(None, _one_of(said))

    def on_for_statement(self, node: Node, stdin: str | None) -> Done:
        variable, body = node.child_by_field_name("variable"), node.child_by_field_name("body")
        if variable is None or body is None:
            return Done()
        given = node.children_by_field_name("value")
        values = [word for value in given for word in self.words.many(value)] if given else list(self.memory.arguments)
        out = ""
        for value in values:
            self.memory.set(text_of(variable), value)
            more, said = self.round(body, stdin)
            out += said
            if not more:
                break
        return Done(None, out)

    def on_c_style_for_statement(self, node: Node, stdin: str | None) -> Done:
        head = re.match(r"for\s*\(\(\s*(\w+)\s*=\s*(\d+)\s*;\s*\1\s*(<=?)\s*(\d+)\s*;\s*\1\+\+\s*\)\)", text_of(node))
        body = node.child_by_field_name("body")
        if body is None:
            return Done()
        if head is None:
            return self.maybe([body], stdin, False)
        for number in range(int(head[2]), int(head[4]) + (head[3] == "<=")):
            self.memory.set(head[1], str(number))
            if not self.round(body, stdin)[0]:
                break
        return Done()

    def on_while_statement(self, node: Node, stdin: str | None) -> Done:
        asked, body = node.children_by_field_name("condition"), node.child_by_field_name("body")
        if body is None:
            return Done()
        if not any(re.search(r"\bread\b", text_of(each)) for each in asked):
            done = self.all(asked)
            return Done() if done.ok is False and "while" in text_of(node)[:5] else self.maybe([body], stdin, False)
        lines = (stdin if stdin is not None else HOLE).splitlines()
        kept, self.fed, out = self.fed, [line for line in lines if known(line)], ""
        try:
            while self.fed:
                self.all(asked)
                more, said = self.round(body)
                out += said
                if not more:
                    return Done(None, out)
            if any(not known(line) for line in lines):
                for name in re.findall(r"\bread\b((?:\s+-\w)*(?:\s+[A-Za-z_]\w*)+)", " ".join(map(text_of, asked))):
                    for word in name.split():
                        self.memory.set(word, HOLE)
                self.fed = None
                out += self.maybe([body], None, False).out
        finally:
            self.fed = kept
        return Done(None, out)


def _one_of(said: list[str]) -> str:
    """What is printed where only one of these ways is taken."""
    return said[0] if len(set(said)) == 1 else HOLE


def _patterns(item: Node) -> list[str]:
    """The patterns of a case as fnmatch knows them; the parser has them in pieces: `*`, `" port "`, `*`."""
    head = text_of(item)[
        : next((c.start_byte for c in item.children if c.type == ")"), item.end_byte) - item.start_byte
    ]
    pieces = re.findall(r"\"([^\"]*)\"|'([^']*)'|(\|)|([^\"'|]+)", head.strip().lstrip("("))
    found = [""]
    for double, single, bar, plain in pieces:
        if bar:
            found.append("")
        else:
            found[-1] += (
                re.sub(r"([*?\[])", r"[\1]", double or single) if double or single else plain.replace("\\", "").strip()
            )
    return found
