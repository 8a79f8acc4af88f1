"""A shell that runs nothing: what it knows, and how it goes from statement to statement."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

from tree_sitter import Node

from policies.reading.shell.memory import Memory
from policies.reading.shell.trace import HOLE, Trace
from policies.reading.shell.words import Words

MOST = 20_000  # statements of one text, each as often as it is walked through
DEEP = 40  # functions, scripts and substitutions in each other


class Ends(Exception):
    """`exit` or `return`: what comes after is not reached."""


class Turns(Exception):
    """`break` (True) or `continue` (False)."""

    out = ""  # what the round printed before


class Endless(Exception):
    """The text takes too long to be read whole."""


@dataclass(frozen=True)
class Done:
    """How a command ended (None: only the host knows) and what it printed."""

    ok: bool | None = None
    out: str = HOLE


class Shell:
    """A shell that walks through statements; what it does with each kind stands in `on_KIND` of those made of it."""

    def __init__(self, trace: Trace, memory: Memory, sure: bool = True, line: int | None = None, deep: int = 0) -> None:
        self.trace, self.memory, self.sure, self.line, self.deep = trace, memory, sure, line, deep
        self.words = Words(memory, self.substituted)
        self.fed: list[str] | None = None  # lines that `read` has not taken yet

    def all(self, nodes: Iterable[Node], stdin: str | None = None) -> Done:
        done, out = Done(True, ""), ""
        for node in _in_order(list(nodes)):
            if node.is_named and node.type not in ("comment", "heredoc_body"):
                try:
                    done = self.node(node, stdin)
                except Turns as turn:
                    turn.out = out + turn.out
                    raise
                out += done.out
        return Done(done.ok, out)

    def maybe(self, nodes: Iterable[Node], stdin: str | None, sure: bool) -> Done:
        """A way that may not be taken. Where the text ends on it, what goes on knows nothing of it."""
        kept, self.sure = self.sure, self.sure and sure
        files, first = self.memory.files, len(self.trace.acts)
        try:
            return Done(None, self.all(nodes, stdin).out)
        except Ends:
            self.memory.files = files
            self.trace.acts[first:] = [replace(act, sure=False) for act in self.trace.acts[first:]]
            return Done(None, "")
        except Turns:
            return Done(None, "")
        finally:
            self.sure = kept

    def round(self, body: Node, stdin: str | None = None) -> tuple[bool, str]:
        """One round of a loop: (whether another may follow, what it printed)."""
        try:
            return True, self.node(body, stdin).out
        except Turns as turn:
            return not turn.args[0], turn.out

    def node(self, node: Node, stdin: str | None = None) -> Done:
        """One statement. What is no statement of ours is walked through for those in it."""
        self.trace.steps += 1
        if self.trace.steps > MOST:
            self.trace.opaque.append("a text that never ends")
            raise Endless
        method = getattr(self, f"on_{node.type}", None)
        if method is None:
            return self.all(node.children, stdin)
        done: Done = method(node, stdin)
        return done

    def substituted(self, node: Node) -> str:
        if self.deep >= DEEP:
            return HOLE
        walk = type(self)(
            self.trace, self.memory.inner(), self.sure, self.line or node.start_point[0] + 1, self.deep + 1
        )
        try:
            out = walk.all(node.named_children).out
        except Ends:
            out = HOLE
        self.memory.files = walk.memory.files
        return out


def _in_order(nodes: list[Node]) -> list[Node]:
    """The statements as they take effect: what sleeps in the background comes after those that stand behind it."""
    late = [
        node for node, after in pairwise(nodes) if after.type == "&" and b"sleep" in (node.text or b"")
    ]  # fmt: skip
    return [node for node in nodes if node not in late] + late if late else nodes
