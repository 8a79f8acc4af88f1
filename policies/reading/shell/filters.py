"""`tr`, `cut`, `awk '{print $1}'`, `envsubst`, `mapfile`: what programs make of lines, as far as it is plain."""

from __future__ import annotations

import re
from collections.abc import Callable

from policies.reading.shell.copies import Said
from policies.reading.shell.memory import Memory
from policies.reading.shell.trace import HOLE, known

_CLASSES = {"[:upper:]": "A-Z", "[:lower:]": "a-z", "[:digit:]": "0-9", "[:space:]": r" \t\n", "[:blank:]": r" \t"}


def _tr(words: list[str], stdin: str, memory: Memory) -> Said:
    options = [word for word in words if re.fullmatch(r"-[ds]+", word)]
    sets = [_characters(word) for word in words if word not in options]
    if not known(stdin, *words) or not sets:
        return None, HOLE
    if "d" in "".join(options):
        return True, "".join(letter for letter in stdin if letter not in sets[0])
    if len(sets) != 2 or not sets[1]:
        return None, HOLE
    to = sets[1] + sets[1][-1] * (len(sets[0]) - len(sets[1]))
    text = stdin.translate(str.maketrans(sets[0], to[: len(sets[0])]))
    return True, re.sub(f"([{re.escape(sets[1])}])\\1+", r"\1", text) if options else text


def _characters(text: str) -> str:
    for name, span in _CLASSES.items():
        text = text.replace(name, span)
    text = text.replace("\\n", "\n").replace("\\t", "\t").replace("\\\\", "\\")
    return re.sub(
        r"(\w)-(\w)", lambda ends: "".join(map(chr, range(ord(ends[1]), ord(ends[2]) + 1))), text, flags=re.ASCII
    )


def _cut(words: list[str], stdin: str, memory: Memory) -> Said:
    said = dict(re.findall(r"-([df])\s*(\S+|\s)", " ".join(word if word != " " else "\x00" for word in words)))
    if not known(stdin, *words) or not re.fullmatch(r"\d+", said.get("f", "")):
        return None, HOLE
    mark = said.get("d", "\t").replace("\x00", " ")
    return True, _fields(stdin, lambda line: line.split(mark) if mark in line else [line], int(said["f"]), whole=True)


def _awk(words: list[str], stdin: str, memory: Memory) -> Said:
    text = " ".join(words)
    found = re.fullmatch(r"(?:-F\s*(\S+)\s+)?\{\s*print\s+\$(\d+|NF)\s*;?\s*\}", text)
    if found is None or not known(stdin, text) or found[2] in ("0", "NF"):
        return None, HOLE
    return True, _fields(stdin, lambda line: line.split(found[1]), int(found[2]))


def _fields(text: str, split: Callable[[str], list[str]], number: int, whole: bool = False) -> str:
    """Of each line its field, "" where it has fewer (`whole`: the line itself where it has but one)."""
    out = ""
    for line in text.splitlines():
        parts = split(line)
        out += (parts[number - 1] if len(parts) >= number else line if whole and len(parts) == 1 else "") + "\n"
    return out


def _envsubst(words: list[str], stdin: str, memory: Memory) -> Said:
    named = re.findall(r"\$\{?(\w+)\}?", " ".join(words)) if words else None

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        return match[0] if named is not None and name not in named else memory.variables.get(name, HOLE)

    return True, re.sub(r"\$\{([A-Za-z_]\w*)\}|\$([A-Za-z_]\w*)", value, stdin)


def _mapfile(words: list[str], stdin: str, memory: Memory) -> Said:
    names = [word for word in words if re.fullmatch(r"[A-Za-z_]\w*", word)]
    if names:
        memory.set(names[-1], stdin.splitlines())
    return True, ""


FILTERS: dict[str, Callable[[list[str], str, Memory], Said]] = {
    "tr": _tr, "cut": _cut, "awk": _awk, "gawk": _awk, "mawk": _awk, "envsubst": _envsubst, "mapfile": _mapfile, "readarray": _mapfile,
}  # fmt: skip
