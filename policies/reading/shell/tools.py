"""Programs that a text uses on its own texts, computed as far as their words are known; and those that run others."""

from __future__ import annotations

import base64
import binascii
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass

from policies.reading.shell.memory import Memory
from policies.reading.shell.trace import HOLE, known

Said = tuple[bool | None, str]
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
        rest = _operands(argv[1:], _WRAPPERS[name])
        while rest and re.match(r"[A-Za-z_]\w*=", rest[0]):
            rest = rest[1:]
        argv = rest[1:] if name in _TAKES_ONE else rest
    return argv


def _operands(words: list[str], valued: str) -> list[str]:
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
        operands = _operands(rest, "bBcDEeFIiJLlmOopQRSWw")
        return Inner(" ".join(operands[1:]), stdin, None) if operands[1:] else Inner(stdin or "", None, None)
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


def run(argv: list[str], stdin: str | None, memory: Memory) -> Said | None:
    """(how it ended, what it printed) of a program that is understood; None for one that the caller notes."""
    program = _PROGRAMS.get(argv[0].rpartition("/")[2])
    return program(argv[1:], stdin if stdin is not None else HOLE, memory) if program else None


def _quiet(words: list[str], stdin: str, memory: Memory) -> Said:
    return True, ""


def _echo(words: list[str], stdin: str, memory: Memory) -> Said:
    options = ""
    while words and re.fullmatch(r"-[neE]+", words[0]):
        options += words.pop(0)
    text = " ".join(words)
    if "e" in options:
        text = text.replace("\\n", "\n").replace("\\t", "\t")
    return True, text if "n" in options else text + "\n"


def _printf(words: list[str], stdin: str, memory: Memory) -> Said:
    if words[:1] == ["--"]:
        words = words[1:]
    if not words:
        return True, ""
    form, values = words[0].replace("\\n", "\n").replace("\\t", "\t"), list(words[1:])
    out = ""
    while True:
        out += re.sub(r"%[sdbq%]", lambda m: "%" if m[0] == "%%" else (values.pop(0) if values else ""), form)
        if not values or not re.search(r"%[sdbq]", form):
            return True, out


def _cat(words: list[str], stdin: str, memory: Memory) -> Said:
    names = [word for word in words if not word.startswith("-") or word == "-"]
    return True, "".join(stdin if name == "-" else memory.content(name) for name in names or ["-"])


def _tee(words: list[str], stdin: str, memory: Memory) -> Said:
    for name in (word for word in words if not word.startswith("-")):
        memory.write(name, stdin, append="-a" in words or "--append" in words)
    return True, stdin


def _move(words: list[str], stdin: str, memory: Memory) -> Said:
    source, target = _copied(words, memory)
    if source and target:
        memory.forget(source)
    return True, ""


def _copy(words: list[str], stdin: str, memory: Memory) -> Said:
    _copied(words, memory)
    return True, ""


def _copied(words: list[str], memory: Memory) -> tuple[str, str]:
    names = _operands(words, "mgotS")
    if len(names) != 2:
        return "", ""
    source, target = names
    target = f"{target}{source.rpartition('/')[2]}" if target.endswith("/") else target
    content = "" if source == "/dev/null" else memory.content(source)
    if source == "/dev/stdin":
        content = HOLE
    if memory.path(source) in memory.files or source == "/dev/null":
        memory.write(target, content)
    return source, target


def _install(words: list[str], stdin: str, memory: Memory) -> Said:
    if "-d" in words or "--directory" in words:
        return True, ""
    names = _operands(words, "mgotS")
    if len(names) == 2 and names[0] == "/dev/stdin":
        memory.write(names[1], stdin)
        return True, ""
    return _copy(words, stdin, memory)


def _remove(words: list[str], stdin: str, memory: Memory) -> Said:
    for name in (word for word in words if not word.startswith("-")):
        memory.forget(name)
    return True, ""


def _cd(words: list[str], stdin: str, memory: Memory) -> Said:
    if words and known(words[-1]):
        memory.cwd = memory.path(words[-1])
    return True, ""


def _set(words: list[str], stdin: str, memory: Memory) -> Said:
    if "--" in words:
        memory.arguments = words[words.index("--") + 1 :]
    elif words and not words[0].startswith(("-", "+")):
        memory.arguments = words
    return True, ""


def _shift(words: list[str], stdin: str, memory: Memory) -> Said:
    memory.arguments = memory.arguments[int(words[0]) if words and words[0].isdecimal() else 1 :]
    return True, ""


def _seq(words: list[str], stdin: str, memory: Memory) -> Said:
    numbers = [int(word) for word in words if re.fullmatch(r"-?\d{1,6}", word)]
    if len(numbers) != len(words) or not 1 <= len(numbers) <= 3:
        return True, HOLE
    first, step, last = {1: [1, 1, *numbers], 2: [numbers[0], 1, numbers[-1]], 3: numbers}[len(numbers)]
    return True, "".join(f"{n}\n" for n in range(first, last + (1 if step > 0 else -1), step or 1))


def _base64(words: list[str], stdin: str, memory: Memory) -> Said:
    if not known(stdin):
        return True, HOLE
    if not any(word in ("-d", "-D", "--decode", "-di") for word in words):
        return True, base64.b64encode(stdin.encode()).decode() + "\n"
    try:
        return True, base64.b64decode(stdin).decode("utf-8", "replace")
    except (ValueError, binascii.Error):
        return False, ""


def _filter(change: Callable[[list[str], list[str]], list[str] | None]) -> Callable[[list[str], str, Memory], Said]:
    """A program that makes lines of lines: of its standard input, or of the file that stands last."""

    def run(words: list[str], stdin: str, memory: Memory) -> Said:
        names = [word for word in words if memory.path(word) in memory.files]
        text = "".join(map(memory.content, names)) if names else stdin
        if not known(text, *words):
            return None, HOLE
        lines = change([word for word in words if word not in names], text.splitlines())
        return (None, HOLE) if lines is None else (True, "".join(f"{line}\n" for line in lines))

    return run


def _sort(words: list[str], lines: list[str]) -> list[str] | None:
    if not words:
        return sorted(lines)
    return sorted(set(lines)) if words == ["-u"] else None


def _head(words: list[str], lines: list[str]) -> list[str] | None:
    count = re.fullmatch(r"(?:-n ?|-)(\d+)", " ".join(words)) if words else re.fullmatch(r"(.+)", "10")
    return lines[: int(count[1])] if count else None


def _sed(words: list[str], lines: list[str]) -> list[str] | None:
    """Only `s` without what basic expressions have beyond Python's."""
    words = [word for word in words if word not in ("-e", "-E", "-r")]
    if len(words) != 1:
        return None
    for part in re.split(r";\s*(?=s)", words[0]):
        swap = re.fullmatch(r"s([/|#,])((?:(?!\1).)*)\1((?:(?!\1).)*)\1(g?)", part.strip())
        if swap is None or re.search(r"\\[^./*$^\[\]&]|[+?(){}|]", swap[2]) or re.search(r"\\[1-9]|(?<!\\)&", swap[3]):
            return None
        lines = [re.sub(swap[2], lambda _, to=swap[3]: to, line, count=0 if swap[4] else 1) for line in lines]
    return lines


def _grep(words: list[str], stdin: str, memory: Memory) -> Said:
    return None, HOLE


def _mktemp(words: list[str], stdin: str, memory: Memory) -> Said:
    memory.made += 1
    return True, f"/tmp/mktemp.{memory.made}\n"  # noqa: S108 - a name in a text that is only read


def _basename(words: list[str], stdin: str, memory: Memory) -> Said:
    names = [word for word in words if not word.startswith("-")]
    return True, names[0].rstrip("/").rpartition("/")[2].removesuffix("".join(names[1:2])) + "\n" if names else ""


def _dirname(words: list[str], stdin: str, memory: Memory) -> Said:
    return True, "".join(f"{word.rstrip('/').rpartition('/')[0] or '.'}\n" for word in words)


def _found(words: list[str], stdin: str, memory: Memory) -> Said:
    """`which ufw`, `command -v ufw`: where it is does not matter."""
    return None, f"{words[-1]}\n" if words else ""


def _not(words: list[str], stdin: str, memory: Memory) -> Said:
    return False, ""


def _yes(words: list[str], stdin: str, memory: Memory) -> Said:
    return True, f"{shlex.join(words) or 'y'}\n" * 8


def _test(words: list[str], stdin: str, memory: Memory) -> Said:
    return None, ""


_PROGRAMS: dict[str, Callable[[list[str], str, Memory], Said]] = {
    "echo": _echo, "printf": _printf, "cat": _cat, "tee": _tee, "mv": _move, "cp": _copy, "install": _install, "rm": _remove,
    "cd": _cd, "set": _set, "shift": _shift, "seq": _seq, "base64": _base64, "sort": _filter(_sort), "head": _filter(_head),
    "tac": _filter(lambda words, lines: lines[::-1] if not words else None), "sed": _filter(_sed), "grep": _grep,
    "egrep": _grep, "fgrep": _grep, "true": _quiet, ":": _quiet, "false": _not, "yes": _yes, "sleep": _quiet,
    "mktemp": _mktemp, "basename": _basename, "dirname": _dirname, "mkdir": _quiet, "chmod": _quiet, "chown": _quiet, "touch": _quiet, "trap": _quiet, "umask": _quiet, "test": _test,
    "wait": _quiet, "local": _quiet, "shopt": _quiet, "[": _test, "command": _found, "which": _found, "type": _grep,
}  # fmt: skip
