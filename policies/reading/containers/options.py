"""`docker run`'s options: which take a value, and how they are read off a command line.

Source: Docker's command-line reference, docker container run (29 options are flags, all others take a value); Podman's are
the same and four flags more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from policies.reading.shell import HOLE

SHORT: Mapping[str, str] = {
    "a": "attach", "c": "cpu-shares", "d": "detach", "e": "env", "h": "hostname", "i": "interactive", "l": "label",
    "m": "memory", "p": "publish", "P": "publish-all", "q": "quiet", "t": "tty", "u": "user", "v": "volume", "w": "workdir",
}  # fmt: skip
FLAGS = frozenset(
    {
        "detach", "disable-content-trust", "help", "init", "interactive", "no-healthcheck", "oom-kill-disable", "privileged",
        "publish-all", "quiet", "read-only", "rm", "sig-proxy", "tty", "use-api-socket",
        "env-host", "no-hosts", "replace", "rmi",
    }
)  # fmt: skip
SAME: Mapping[str, str] = {"net": "network", "net-alias": "network-alias", "dns-opt": "dns-option"}
_NO = ("false", "0", "f", "F", "FALSE", "False")


@dataclass
class Line:
    """A command line taken apart: each option's values in order, and the words behind the options.

    `unclear` is True where a word that only the host knows stands among the options: it may be one, or several.
    """

    values: dict[str, list[str]] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    unclear: bool = False

    def last(self, name: str) -> str | None:
        return self.values[name][-1] if self.values.get(name) else None

    def every(self, name: str) -> list[str]:
        return self.values.get(name, [])

    def flag(self, name: str) -> bool:
        return (self.last(name) or "false") not in _NO


def parse(
    argv: Sequence[str],
    flags: frozenset[str] = FLAGS,
    short: Mapping[str, str] = SHORT,
    same: Mapping[str, str] = SAME,
) -> Line:
    """Take a command line apart as Docker's does: options end at the first word that is none, or at `--`."""
    line, rest = Line(), list(argv)
    while rest:
        word = rest.pop(0)
        if word == "--":
            break
        if word == HOLE and rest and (rest[0].startswith("-") or rest[0] == HOLE):
            line.unclear = True
            continue
        if not word.startswith("-") or word == "-":
            rest.insert(0, word)
            break
        if word.startswith("--"):
            name, given, value = word[2:].partition("=")
            name = same.get(name, name)
            if name in flags:
                _add(line, name, value if given else "true")
            else:
                _add(line, name, value if given or not rest else rest.pop(0))
            continue
        _shorts(line, word[1:], rest, flags, short)
    line.words = rest
    return line


def interspersed(argv: Sequence[str], flags: frozenset[str], short: Mapping[str, str], same: Mapping[str, str]) -> Line:
    """As `parse`, of a command whose options may stand behind its words, too."""
    whole, rest = Line(), list(argv)
    while rest:
        line = parse(rest, flags, short, same)
        whole.unclear |= line.unclear
        for name, values in line.values.items():
            whole.values.setdefault(name, []).extend(values)
        whole.words += line.words[:1]
        rest = line.words[1:]
    return whole


def _shorts(line: Line, letters: str, rest: list[str], flags: frozenset[str], short: Mapping[str, str]) -> None:
    """`-dit`, `-p80:80`, `-dp 80:80`, `-e=A`."""
    for at, letter in enumerate(letters):
        name, after = short.get(letter, letter), letters[at + 1 :]
        if name in flags:
            if after.startswith("="):
                _add(line, name, after[1:])
                return
            _add(line, name, "true")
            continue
        value = after.removeprefix("=")
        _add(line, name, value if after or not rest else rest.pop(0))
        return


def _add(line: Line, name: str, value: str) -> None:
    line.values.setdefault(name, []).append(value)
