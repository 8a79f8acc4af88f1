"""`cp`, `mv`, `ln`, `install`: files under other names."""

from __future__ import annotations

import posixpath
from collections.abc import Callable

from policies.reading.shell.memory import Memory
from policies.reading.shell.runners import operands

Said = tuple[bool | None, str]
_FOLDERS = ("/etc", "/etc/nginx", "/etc/nginx/conf.d", "/etc/nginx/sites-available", "/etc/nginx/sites-enabled",
            "/etc/nginx/snippets", "/etc/systemd/system", "/etc/cron.d", "/tmp", "/root", "/opt", "/srv", "/usr/local/bin")  # fmt: skip  # noqa: S108


def _copy(words: list[str], stdin: str, memory: Memory) -> Said:
    for source, target in _pairs(words, memory):
        below = memory.path(source) + "/"
        within = [path for path in memory.files if path.startswith(below)]
        for path in within:
            memory.write(posixpath.join(memory.path(target), path.removeprefix(below)), memory.files[path])
        if not within:
            memory.write(target, stdin if source == "/dev/stdin" else memory.content(source))
    return True, ""


def _move(words: list[str], stdin: str, memory: Memory) -> Said:
    for source, target in _pairs(words, memory):
        memory.write(target, memory.content(source))
        memory.forget(source)
    return True, ""


def _link(words: list[str], stdin: str, memory: Memory) -> Said:
    """A symbolic link's source is looked up from the folder of the link."""
    symbolic = any(word.startswith("-") and not word.startswith("--") and "s" in word for word in words)
    for source, target in _pairs(words, memory):
        folder = posixpath.dirname(memory.path(target))
        memory.write(target, memory.content(posixpath.join(folder, source) if symbolic else source))
    return True, ""


def _install(words: list[str], stdin: str, memory: Memory) -> Said:
    if "-d" in words or "--directory" in words:
        return True, ""
    return _copy(words, stdin, memory)


def _pairs(words: list[str], memory: Memory) -> list[tuple[str, str]]:
    """(source, target): into a folder goes each under its own name."""
    at = next((at for at, word in enumerate(words) if word in ("-t", "--target-directory")), None)
    folder = words[at + 1] if at is not None and words[at + 1 :] else ""
    if at is not None:
        words = [*words[:at], *words[at + 2 :]]
    names = operands(words, "mgoS")
    if len(names) == 1 and not folder:
        folder = "."  # `ln -s SOURCE`
    if not folder and names and _is_folder(names[-1], memory):
        *names, folder = names
    if folder:
        return [(name, posixpath.join(folder, posixpath.basename(name.rstrip("/")))) for name in names]
    return [(names[0], names[1])] if len(names) == 2 else []


def _is_folder(word: str, memory: Memory) -> bool:
    path = memory.path(word)
    return word.endswith(("/", "/.")) or path in _FOLDERS or any(name.startswith(f"{path}/") for name in memory.files)


COPIES: dict[str, Callable[[list[str], str, Memory], Said]] = {
    "cp": _copy, "mv": _move, "ln": _link, "install": _install,
}  # fmt: skip
