"""Shell programs are files; what ships is their text, with the arguments on top and what they source put in.

So nothing has to be on the host beforehand, the plan shows what will run, and standard input stays free.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

_SOURCED = re.compile(r"^\. (\.{1,2}/\S+\.sh)$", re.M)
_SHEBANG = "#!/bin/sh\n"
_PUT = Path(__file__).parent / "files" / "put.sh"


def room(module: str) -> Path:
    """Where the scripts of a Python module (its `__file__`) are: redis/ for redis.py."""
    return Path(module).with_suffix("")


def script(path: Path, *arguments: str | int, put: Mapping[str, tuple[str, str]] | None = None) -> str:
    """The text of a command: `path` with its arguments as "$1", "$2" ….

    `put` are files that it finds on the host when it begins: path to (mode, text), root's. Never a secret.
    """
    there: set[Path] = set()
    lines = _set(arguments)
    if put:
        lines.append(_whole(_PUT, there))
    for target, (mode, text) in (put or {}).items():
        lines += [f"put {shlex.quote(target)} {mode} <<'END'", text.removesuffix("\n"), "END"]
    return "\n".join([*lines, _whole(path, there)])


def program(path: Path, *arguments: str | int, **values: str | int) -> str:
    """The text of a program that stands somewhere as a file: `values` are its variables, set at its top."""
    variables = [f"{name}={shlex.quote(str(value))}" for name, value in values.items()]
    return _SHEBANG + "\n".join([*_set(arguments), *variables, _whole(path, set())]) + "\n"


def _set(arguments: tuple[str | int, ...]) -> list[str]:
    return [f"set -- {shlex.join(map(str, arguments))}"] if arguments else []


def _whole(path: Path, there: set[Path]) -> str:
    """The file without its shebang; each file that it sources stands in its place, once."""
    there.add(path.resolve())

    def sourced(match: re.Match[str]) -> str:
        other = (path.parent / match[1]).resolve()
        return "" if other in there else _whole(other, there)

    return _SOURCED.sub(sourced, path.read_text().removeprefix(_SHEBANG)).strip("\n")
