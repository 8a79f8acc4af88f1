"""Programs that run others: `sudo`, `sh -c`, `ssh`, `xargs`, a script that the text wrote."""

from __future__ import annotations

import re
from dataclasses import dataclass

from policies.reading.shell.memory import Memory
from policies.reading.shell.trace import HOLE, known

_WRAPPERS = {  # programs that run the rest of their words, and their options that take a value
    "sudo": "ugphCDRT", "doas": "uC", "env": "uCS", "nohup": "", "nice": "n", "ionice": "cnpt", "time": "fo", "exec": "a",
    "command": "", "builtin": "", "setsid": "", "stdbuf": "ioe", "timeout": "ks", "chrt": "", "unbuffer": "", "eatmydata": "",
    "flock": "wE",
}  # fmt: skip
_TAKES_ONE = ("timeout", "chrt", "flock")  # a word of their own stands before the command
_SHELLS = ("sh", "bash", "dash", "ash", "zsh", "ksh")


def bare(argv: list[str]) -> list[str]:
    """The command without what only runs it: `sudo -u root timeout 10 ufw …` is `ufw …`."""
    while argv and (name := argv[0].rpartition("/")[2]) in _WRAPPERS:
        if name == "command" and argv[1:2] and argv[1] in ("-v", "-V"):
            return argv
        rest = operands(argv[1:], _WRAPPERS[name])
        while rest and re.match(r"[A-Za-z_]\w*=", rest[0]):
            rest = rest[1:]
        argv = rest[1:] if name in _TAKES_ONE else rest
    return argv


def operands(words: list[str], valued: str) -> list[str]:
    """The words behind the options."""
    while words and words[0].startswith("-") and words[0] != "-":
        if words[0] == "--":
            return words[1:]
        takes = words[0][1:2] in valued and valued and len(words[0]) == 2
        words = words[2 if takes else 1 :]
    return words


@dataclass(frozen=True)
class Inner:
    """A shell text that a command runs."""

    text: str
    stdin: str | None
    arguments: list[str] | None


def inner(argv: list[str], stdin: str | None, memory: Memory) -> Inner | None:
    """What `sh -c TEXT`, `eval`, `ssh HOST TEXT`, `su -c`, `. FILE`, a written script … run. None for other commands."""
    name, rest = argv[0].rpartition("/")[2], argv[1:]
    if name == "eval":
        return Inner(" ".join(rest), stdin, None)
    if name in (".", "source"):
        return Inner(memory.content(rest[0]), stdin, None) if rest and known(memory.content(rest[0])) else None
    if name == "ssh":
        words = operands(rest, "bBcDEeFIiJLlmOopQRSWw")
        return Inner(" ".join(words[1:]), stdin, None) if words[1:] else Inner(stdin or "", None, None)
    if name in ("su", "runuser"):
        at = next((at for at, word in enumerate(rest) if word in ("-c", "--command")), None)
        return Inner(rest[at + 1], stdin, None) if at is not None and rest[at + 1 :] else None
    if name in _SHELLS:
        return _shell(rest, stdin, memory)
    written = memory.content(argv[0]) if "/" in argv[0] else HOLE
    if known(written) and not re.match(r"#!.*(python|perl|node|ruby)", written):
        return Inner(written, stdin, rest)
    return None


def _shell(words: list[str], stdin: str | None, memory: Memory) -> Inner | None:
    at = 0
    while at < len(words) and words[at].startswith("-"):
        if re.fullmatch(r"-[a-z]*c", words[at]):
            return Inner(words[at + 1], stdin, words[at + 3 :]) if words[at + 1 :] else None
        if re.fullmatch(r"-[a-z]*s", words[at]):
            return Inner(stdin or "", None, words[at + 1 :])
        at += 2 if words[at] in ("-o", "-O") else 1
    if at >= len(words):
        return Inner(stdin, None, None) if stdin is not None and known(stdin) else None
    text = memory.content(words[at])
    return Inner(text, stdin, words[at + 1 :]) if known(text) else None


def spread(argv: list[str], stdin: str | None) -> list[list[str]] | None:
    """The commands that `xargs` runs. None for other commands."""
    if argv[0].rpartition("/")[2] != "xargs":
        return None
    count, place, words = 0, "", argv[1:]
    while words and words[0].startswith("-"):
        option = words[0]
        value = option[2:] or (words[1] if words[1:] else "")
        if option[1:2] == "n":
            count = int(value) if value.isdecimal() else 1
        if option[1:2] in ("I", "i"):
            place = value or "{}"
        words = words[2 if option[1:2] in "nIdPLs" and not option[2:] else 1 :]
    given = stdin if stdin is not None else HOLE
    if place:
        return [[word.replace(place, line) for word in words] for line in given.splitlines() if line]
    each = given.split()
    size = count or len(each) or 1
    return [words + each[at : at + size] for at in range(0, len(each), size)]
