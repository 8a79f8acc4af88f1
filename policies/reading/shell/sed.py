"""`sed`: its commands s, d, p, i, a and c with addresses, on texts that are known. What is beyond that is not guessed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_SWAPS = {"\\?": "?", "\\+": "+", "\\|": "|", "\\(": "(", "\\)": ")", "\\{": "{", "\\}": "}"}


class Beyond(Exception):
    """A script of which this does not know what it does."""


@dataclass(frozen=True)
class _Command:
    """One command: where it acts (`first` alone, or from `first` to `last`), what it does."""

    first: str
    last: str
    other: bool  # `!`: everywhere else
    verb: str
    pattern: re.Pattern[str] | None = None
    text: str = ""
    every: bool = False


@dataclass(frozen=True)
class Asked:
    """What `sed`'s words ask for."""

    scripts: list[str]
    names: list[str]
    in_place: bool
    extended: bool
    quiet: bool

    def of(self, text: str) -> str:
        """The text after it. Raises Beyond."""
        return edited(self.scripts, text, self.extended, self.quiet)


def asked(words: Sequence[str]) -> Asked:
    """Its words, taken apart."""
    scripts: list[str] = []
    names: list[str] = []
    flags: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word in ("-e", "--expression") and rest:
            scripts.append(rest.pop(0))
        elif word.startswith("--expression="):
            scripts.append(word.partition("=")[2])
        elif word.startswith("-") and word != "-":
            flags.append(word)
        else:
            names.append(word)
    short = "".join(flag[1:].partition("i")[0] for flag in flags if not flag.startswith("--"))
    return Asked(
        scripts or names[:1],
        names if scripts else names[1:],
        any(flag.startswith("--in-place") or (not flag.startswith("--") and "i" in flag) for flag in flags),
        bool(set(short) & set("Er")) or any(flag in ("--regexp-extended",) for flag in flags),
        "n" in short or any(flag in ("--quiet", "--silent") for flag in flags),
    )


def edited(scripts: Sequence[str], text: str, extended: bool, quiet: bool = False) -> str:
    """The text after the scripts. Raises Beyond."""
    commands = [one for script in scripts for one in _commands(script, extended)]
    out: list[str] = []
    lines = text.splitlines()
    within: set[int] = set()
    for at, line in enumerate(lines, 1):
        before: list[str] = []
        after: list[str] = []
        kept = True
        for index, one in enumerate(commands):
            if _acts(one, line, at, len(lines), within, index) is one.other:
                continue
            if one.verb == "d":
                kept = False
                break
            if one.verb == "i":
                before.append(one.text)
            elif one.verb == "a":
                after.append(one.text)
            elif one.verb == "c":
                line = one.text
            elif one.verb == "p":
                before.append(line)
            elif one.pattern is not None:
                line = one.pattern.sub(one.text, line, count=0 if one.every else 1)
        out += [*before, *([line] if kept and not quiet else []), *after]
    return "".join(f"{line}\n" for line in out)


def _acts(one: _Command, line: str, at: int, count: int, within: set[int], index: int) -> bool:
    if not one.first:
        return True
    if not one.last:
        return _is_at(one.first, line, at, count)
    if index in within:
        if _is_at(one.last, line, at, count):
            within.discard(index)
        return True
    if _is_at(one.first, line, at, count):
        if not (one.last.isdecimal() and int(one.last) <= at):
            within.add(index)
        return True
    return False


def _is_at(address: str, line: str, at: int, count: int) -> bool:
    if address == "$":
        return at == count
    return int(address) == at if address.isdecimal() else bool(re.search(address[1:], line))


def _commands(script: str, extended: bool) -> list[_Command]:
    found: list[_Command] = []
    rest = script.strip().lstrip(";").strip()
    while rest:
        first, rest = _address(rest, extended)
        last = ""
        if first and rest.startswith(","):
            last, rest = _address(rest[1:].lstrip(), extended)
        other = rest.startswith("!")
        rest = rest.lstrip("!").lstrip()
        verb, rest = rest[:1], rest[1:]
        if verb == "s":
            pattern, text, flags, rest = _swap(rest, extended)
            found.append(_Command(first, last, other, "s", pattern, text, "g" in flags))
        elif verb in ("i", "a", "c"):
            said, _, rest = re.sub(r"^\s*\\?\n?\s*", "", rest).partition("\n")
            found.append(_Command(first, last, other, verb, text=said.replace("\\n", "\n")))
        elif verb in ("d", "p"):
            found.append(_Command(first, last, other, verb))
        else:
            raise Beyond(verb)
        rest = rest.lstrip().lstrip(";").strip() if verb not in ("i", "a", "c") else rest.strip()
    return found


def _address(text: str, extended: bool) -> tuple[str, str]:
    """(the address, what is behind it): a number, `$`, or a regular expression behind a slash."""
    if number := re.match(r"\d+|\$", text):
        return number[0], text[number.end() :].lstrip()
    if text.startswith("/"):
        pattern, rest = _until("/", text[1:])
        return "/" + _regular(pattern, extended), rest.lstrip()
    if text.startswith("\\"):
        raise Beyond(text[:2])
    return "", text


def _until(mark: str, text: str) -> tuple[str, str]:
    """(what stands before the first bare `mark`, what is behind it)."""
    at = 0
    while at < len(text) and text[at] != mark:
        at += 2 if text[at] == "\\" else 1
    if at >= len(text):
        raise Beyond("a mark is missing")
    return text[:at].replace(f"\\{mark}", mark), text[at + 1 :]


def _swap(text: str, extended: bool) -> tuple[re.Pattern[str], str, str, str]:
    mark = text[:1]
    pattern, rest = _until(mark, text[1:])
    new, rest = _until(mark, rest)
    flags = re.match(r"[a-zA-Z0-9]*", rest)
    said = flags[0] if flags else ""
    if set(said) - set("gIi"):
        raise Beyond(said)
    new = re.sub(r"\\([1-9])", r"\\g<\1>", re.sub(r"\\(?![1-9n&\\])", "", new))
    new = re.sub(r"(?<!\\)&", r"\\g<0>", new).replace("\\&", "&")
    try:
        compiled = re.compile(_regular(pattern, extended), re.I if set(said) & set("iI") else 0)
    except re.error as error:
        raise Beyond(str(error)) from None
    return compiled, new, said, rest[len(said) :]


def _regular(pattern: str, extended: bool) -> str:
    """A basic or extended regular expression as Python's."""
    pattern = re.sub(r"\[:(space|digit|alpha|alnum|blank):\]", lambda name: _CLASSES[name[1]], pattern)
    if extended:
        return pattern
    # In a basic one these are themselves, and special behind a backslash.
    return re.sub(
        r"\\[?+|(){}]|[?+|(){}]|\[[^\]]*\]|\\.",
        lambda sign: _SWAPS.get(sign[0], "\\" + sign[0] if len(sign[0]) == 1 else sign[0]),
        pattern,
    )


_CLASSES = {"space": r"\s", "digit": r"\d", "alpha": "a-zA-Z", "alnum": "a-zA-Z0-9", "blank": r" \t"}
