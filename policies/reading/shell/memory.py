"""What a shell remembers while a text is read: variables, functions, files, where it stands."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tree_sitter import Node

from policies.reading.shell.shipped import SHIPPED
from policies.reading.shell.trace import HOLE


@dataclass
class Memory:
    """A shell's state; `files` is replaced when it changes, never changed in place, so that acts may keep it."""

    variables: dict[str, str] = field(default_factory=dict)
    arrays: dict[str, list[str]] = field(default_factory=dict)
    maps: dict[str, dict[str, str]] = field(default_factory=dict)  # arrays whose indexes are names
    gone: set[str] = field(default_factory=set)  # variables that were unset
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
        if name in self.maps:
            return list(self.maps[name].values())
        if name in ("@", "*"):
            return list(self.arguments)
        return list(self.arrays[name]) if name in self.arrays else [self.value(name)]

    def keys(self, name: str) -> list[str]:
        """The indexes of an array."""
        return list(self.maps[name]) if name in self.maps else [str(at) for at in range(len(self.every(name)))]

    def at(self, name: str, index: str) -> str:
        """One of an array."""
        if name in self.maps:
            return self.maps[name].get(index, "") if index != HOLE else HOLE
        there = self.every(name)
        return there[int(index)] if index.isdecimal() and int(index) < len(there) else ("" if index != HOLE else HOLE)

    def put(self, name: str, index: str, value: str) -> None:
        """Set one of an array."""
        if name not in self.maps:
            self.maps[name] = {str(at): each for at, each in enumerate(self.arrays.pop(name, []))}
        self.maps[name][index] = value

    def unset(self, name: str) -> None:
        for kept in (self.arrays, self.maps):
            kept.pop(name, None)
        self.variables[name] = ""
        self.gone.add(name)

    def set(self, name: str, value: str | list[str] | dict[str, str], append: bool = False) -> None:
        self.gone.discard(name)
        if isinstance(value, dict):
            self.maps[name] = {**self.maps.get(name, {}), **value} if append else value
            return
        self.maps.pop(name, None)
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
            self.files = {**self.files, path: self.base(word) + content if append else content}

    def base(self, word: str) -> str:
        """What an editor finds in a file: what the text wrote, else what its package brings."""
        path = self.path(word)
        return self.files.get(path, SHIPPED.get(path, ""))

    def forget(self, word: str) -> None:
        self.files = {path: text for path, text in self.files.items() if path != self.path(word)}

    def inner(self) -> Memory:
        """A sub-shell's: what it sets is its own, what it writes is not."""
        return replace(
            self,
            variables=dict(self.variables),
            arrays=dict(self.arrays),
            maps={name: dict(each) for name, each in self.maps.items()},
            gone=set(self.gone),
            functions=dict(self.functions),
            arguments=list(self.arguments),
        )
