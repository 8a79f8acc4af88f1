"""What a shell remembers while a text is read: variables, functions, files, where it stands."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tree_sitter import Node

from policies.reading.shell.trace import HOLE


@dataclass
class Memory:
    """A shell's state; `files` is replaced when it changes, never changed in place, so that acts may keep it."""

    variables: dict[str, str] = field(default_factory=dict)
    arrays: dict[str, list[str]] = field(default_factory=dict)
    functions: dict[str, Node] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    arguments: list[str] = field(default_factory=list)
    cwd: str = "/root"
    made: int = 0  # temporary files and folders

    def value(self, name: str) -> str:
        """A variable's value, HOLE where the text does not set it."""
        if name.isdigit():
            at = int(name)
            return self.arguments[at - 1] if 0 < at <= len(self.arguments) else ("" if at else "sh")
        if name == "#":
            return str(len(self.arguments))
        if name in ("@", "*"):
            return " ".join(self.arguments)
        if name in self.arrays:
            return (self.arrays[name] or [""])[0]
        return self.variables.get(name, HOLE)

    def every(self, name: str) -> list[str]:
        """All of an array, or of the arguments."""
        if name in ("@", "*"):
            return list(self.arguments)
        return list(self.arrays[name]) if name in self.arrays else [self.value(name)]

    def set(self, name: str, value: str | list[str], append: bool = False) -> None:
        if isinstance(value, list):
            self.arrays[name] = [*self.arrays.get(name, []), *value] if append else value
            return
        self.arrays.pop(name, None)
        self.variables[name] = self.variables.get(name, "") + value if append else value

    def path(self, word: str) -> str:
        """The absolute path of what a word names."""
        home = "/root" + word[1:] if word == "~" or word.startswith("~/") else word
        return posixpath.normpath(posixpath.join(self.cwd, home))

    def content(self, word: str) -> str:
        """What a file holds; HOLE for one that the text did not write."""
        path = self.path(word)
        return "" if path == "/dev/null" else self.files.get(path, HOLE)

    def write(self, word: str, content: str, append: bool = False) -> None:
        path = self.path(word)
        if not path.startswith("/dev/"):
            self.files = {**self.files, path: self.files.get(path, "") + content if append else content}

    def forget(self, word: str) -> None:
        self.files = {path: text for path, text in self.files.items() if path != self.path(word)}

    def inner(self) -> Memory:
        """A sub-shell's: what it sets is its own, what it writes is not."""
        return replace(
            self,
            variables=dict(self.variables),
            arrays=dict(self.arrays),
            functions=dict(self.functions),
            arguments=list(self.arguments),
        )
