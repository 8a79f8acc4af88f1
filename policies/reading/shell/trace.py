"""What reading a shell text gives: acts, each a command with the words that the shell would hand it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# Stands in a word for a part of it that only the host knows: a character of Unicode's private use.
HOLE = "\ue000"


def known(*words: str) -> bool:
    """Whether nothing in the words is left open."""
    return not any(HOLE in word for word in words)


@dataclass(frozen=True)
class Act:
    """One command that the text runs.

    `argv` after expansion, without `sudo` and its like; `stdin` is None where nothing is fed to it. `sure` is False where the
    text asks something first whose answer cannot be known. `files` are those written until then, by absolute path.
    """

    argv: tuple[str, ...]
    stdin: str | None
    line: int
    sure: bool
    files: Mapping[str, str]
    variables: Mapping[str, str]
    cwd: str

    @property
    def name(self) -> str:
        """The program, without its folder."""
        return self.argv[0].rpartition("/")[2]


@dataclass
class Trace:
    """All that a text does: `acts` in order, `files` as they are at its end, `opaque` (what could not be followed)."""

    acts: list[Act] = field(default_factory=list)
    files: Mapping[str, str] = field(default_factory=dict)
    opaque: list[str] = field(default_factory=list)
    steps: int = 0

    def of(self, *names: str) -> list[Act]:
        """The acts of these programs."""
        return [act for act in self.acts if act.name in names]
