"""What a stack's program declares, from nothing, as text for a reviewer: docs/plans/STACK.txt (`python -m tests.upgrade plans`).

The program is declared under mocks (policies.mocked), so no engine, cloud or secret has to be there. A line is a resource: its
name, its type, and its inputs as far as they say something; a long one is cut, and a digest says whether the rest is the same.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from policies import mocked
from policies.model import Resource

FOLDER = Path(__file__).resolve().parents[2] / "docs/plans"
STACKS = ("sandbox", "prod")
_SECRET, _LATER = "[secret]", "(after up)"
# Characters: of a text, and of what has parts.
_TEXT, _WHOLE = 100, 600
# How the host is reached, with a key that is another one in each run; what stands for something else; what nobody set.
_LEFT_OUT = {"interpreter", "sshOpts", "sshKey", "access", "watches", "triggers", "pullTriggers", "__provider", "generation",
             "logging", "addPreviousOutputInEnv", "stdout", "title"}  # fmt: skip
# Files as a command's standard input has them (mech_infra.commands.files).
_FILES = re.compile(r"^(/\S+) ([A-Za-z0-9+/]+=*)$", re.M)
_REPAIR = re.compile(r"(repair|ranges) None")
_MADE_UP = {str(value) for outputs in mocked.COMPUTED.values() for value in outputs.values()} - {"ok"}


def render(stack: str) -> str:
    """Raises policies.mocked.ConfigProblem."""
    resources = mocked.declare(stack)[0]
    under: dict[str, list[Resource]] = {}
    for resource in resources:
        under.setdefault(resource.parent, []).append(resource)
    [root] = {resource.parent for resource in resources} - {resource.name for resource in resources}
    head = f"The plan of the stack `{stack}` from nothing: {len(resources)} resources. Made by `python -m tests.upgrade plans`."
    ids = {f"{resource.name}-id" for resource in resources}
    return "\n".join([head, "", *_tree(root, under, ids)]) + "\n"


def stale() -> list[Path]:
    """Files that do not say what the program declares."""
    return [file(stack) for stack in STACKS if not file(stack).exists() or file(stack).read_text() != render(stack)]


def file(stack: str) -> Path:
    return FOLDER / f"{stack}.txt"


def _tree(parent: str, under: dict[str, list[Resource]], ids: set[str], depth: int = 0) -> Iterator[str]:
    for resource in sorted(under.get(parent, ()), key=lambda one: (one.name, one.type)):
        package, _, rest = resource.type.partition(":")
        kind = f"{package.removeprefix('pulumi-')}.{rest.rpartition(':')[2]}"
        said = "; ".join(_inputs(resource, ids))
        yield f"{'  ' * depth}{resource.name} ({kind})" + (f": {said}" if said else "")
        if package == "mech":  # a component
            yield from _tree(resource.name, under, ids, depth + 1)


def _inputs(resource: Resource, ids: set[str]) -> Iterator[str]:
    later = mocked.COMPUTED.get(resource.type, {})
    for key, value in sorted(resource.props.items()):
        if key in _LEFT_OUT or value in (None, "", [], {}) or (key in later and value == later[key]):
            continue
        yield f"{key} {_value(resource, (key,), value, ids)}"
    if resource.ignored:
        yield f"ignores {', '.join(sorted(resource.ignored))}"


def _value(resource: Resource, path: Sequence[str | int], value: Any, ids: set[str]) -> str:
    if resource.is_secret(*path):
        # Of an environment, its names say something.
        names = [f"{one.partition('=')[0]}={_SECRET}" for one in value if "=" in one] if path == ("envs",) else []
        return f"[{', '.join(names)}]" if names else _SECRET
    if isinstance(value, str) and (value.strip() in _MADE_UP or value in ids):
        return _LATER
    if path[-1] in ("create", "update", "delete") and isinstance(value, str):
        return _script(value)
    if isinstance(value, str) and (files := _FILES.findall(value)) and len(files) == len(value.splitlines()):
        return ", ".join(f"{place} {_digest(content)}" for place, content in files)
    if path == ("checks",):  # they say how what `state` names is looked at
        return _digest(str(_sorted(value)))
    if isinstance(value, dict):
        parts = [
            f"{key} {_value(resource, (*path, key), value[key], ids)}"
            for key in sorted(value)
            if not _trigger(value[key])
        ]
        return _short("{" + ", ".join(parts) + "}", _WHOLE)
    if isinstance(value, list):
        return _short(
            "[" + ", ".join(_value(resource, (*path, i), one, ids) for i, one in enumerate(value)) + "]", _WHOLE
        )
    if isinstance(value, bool):
        return str(value).lower()
    return _short(f"{value:g}" if isinstance(value, float) else str(value))


def _trigger(value: Any) -> bool:
    return isinstance(value, str) and bool(_REPAIR.fullmatch(value))


def _sorted(value: Any) -> Any:
    return {key: _sorted(value[key]) for key in sorted(value)} if isinstance(value, dict) else value


def _script(text: str) -> str:
    """What runs on the host: its arguments, and whether it is the same."""
    first, _, rest = text.partition("\n")
    given = f"with {_short(first.removeprefix('set -- '))}, " if first.startswith("set -- ") else ""
    return f"{given}{len(text.splitlines())} lines {_digest(rest if given else text)}"


def _short(text: str, longest: int = _TEXT) -> str:
    if len(text) <= longest and "\n" not in text:
        return text
    start = f"{text[:longest].splitlines()[0]}… " if " " in text else ""
    return f"{start}{len(text)} characters {_digest(text)}"


def _digest(text: str) -> str:
    return f"sha256 {hashlib.sha256(text.encode()).hexdigest()[:8]}"
