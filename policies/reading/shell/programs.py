"""Programs that a text uses on its own texts, computed as far as their words are known."""

from __future__ import annotations

import base64
import binascii
import re
import shlex
from collections.abc import Callable

from policies.reading.shell import sed
from policies.reading.shell.copies import COPIES, Said
from policies.reading.shell.filters import FILTERS
from policies.reading.shell.memory import Memory
from policies.reading.shell.trace import HOLE, known


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


def _sed(words: list[str], stdin: str, memory: Memory) -> Said | None:
    """Of standard input or of files, to standard output or (`-i`) in place. A script that is not understood leaves it open;
    an edit in place of a file that is not known is noted."""
    asked = sed.asked(words)
    if asked.in_place and not any(memory.base(name) for name in asked.names):
        return None
    out = ""
    for name in asked.names or ["-"]:
        text = stdin if name == "-" else memory.base(name) if asked.in_place else memory.content(name)
        if asked.in_place and not text:
            continue  # a file of the host's own
        try:
            text = asked.of(text) if known(text, *asked.scripts) else HOLE
        except sed.Beyond:
            text = HOLE
        if asked.in_place:
            memory.write(name, text)
        else:
            out += text
    return (True, out) if known(out) else (None, HOLE)


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


_PROGRAMS: dict[str, Callable[[list[str], str, Memory], Said | None]] = {
    "echo": _echo, "printf": _printf, "cat": _cat, "tee": _tee, **COPIES, **FILTERS, "rm": _remove,
    "cd": _cd, "set": _set, "shift": _shift, "seq": _seq, "base64": _base64, "sort": _filter(_sort), "head": _filter(_head),
    "tac": _filter(lambda words, lines: lines[::-1] if not words else None), "sed": _sed, "grep": _grep,
    "egrep": _grep, "fgrep": _grep, "true": _quiet, ":": _quiet, "false": _not, "yes": _yes, "sleep": _quiet,
    "mktemp": _mktemp, "basename": _basename, "dirname": _dirname, "mkdir": _quiet, "chmod": _quiet, "chown": _quiet, "touch": _quiet, "trap": _quiet, "umask": _quiet, "test": _test,
    "wait": _quiet, "local": _quiet, "shopt": _quiet, "[": _test, "command": _found, "which": _found, "type": _grep,
}  # fmt: skip
