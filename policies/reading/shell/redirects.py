"""Redirections, heredocs and pipes: what goes from one command into another, or into a file."""

from __future__ import annotations

import re

from tree_sitter import Node

from policies.reading.shell.conditions import answer
from policies.reading.shell.shell import Done, Ends, Shell
from policies.reading.shell.trace import HOLE
from policies.reading.shell.tree import text_of


class Redirects(Shell):
    """What is fed to commands, and what is made of their output."""

    # Redirections and pipes.

    def on_redirected_statement(self, node: Node, stdin: str | None) -> Done:
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
        # What stands behind `<<EOF` on its line: `| command`, `&& command`.
        for rest in then:
            done = self.node(rest, done.out)
        return done

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

    def on_pipeline(self, node: Node, stdin: str | None) -> Done:
        done = Done(True, stdin if stdin is not None else HOLE)
        for at, child in enumerate(node.named_children):
            done = self.node(child, stdin if at == 0 else done.out)
        return done

    def on_negated_command(self, node: Node, stdin: str | None) -> Done:
        done = self.all(node.named_children, stdin)
        return Done(None if done.ok is None else not done.ok, done.out)

    def on_test_command(self, node: Node, stdin: str | None) -> Done:
        return Done(answer(node, self.words), "")

    def on_subshell(self, node: Node, stdin: str | None) -> Done:
        walk = type(self)(self.trace, self.memory.inner(), self.sure, self.line, self.deep + 1)
        try:
            done = walk.all(node.named_children, stdin)
        except Ends:
            done = Done()
        self.memory.files = walk.memory.files
        return done


def _writes(redirect: Node) -> bool:
    return any(child.type in (">", ">>", ">|", "&>", "&>>") for child in redirect.children)


def _of_output(redirect: Node) -> bool:
    """Whether it takes the standard output; `2>` takes errors."""
    descriptor = redirect.child_by_field_name("descriptor")
    return descriptor is None or text_of(descriptor) == "1"
