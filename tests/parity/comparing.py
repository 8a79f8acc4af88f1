"""Two answers, field by field: presence, type, value and secretness."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sandbox.providers.values import SECRET, SIGNATURE
from tests.parity.recordings import Json

ABSENT: Final = "(absent)"
# Go walks maps in any order: these lists of a Diff are compared as what they hold, and how often.
_AS_SETS: Final = frozenset({"diffs", "replaces", "stables"})


@dataclass(frozen=True)
class Difference:
    """`path` in the answer (`properties.ports[0].ip`, with `!secret` for the mark itself)."""

    path: str
    recorded: Any
    ours: Any

    def __str__(self) -> str:
        return f"{self.path}: recorded {_short(self.recorded)}, ours {_short(self.ours)}"


def _short(value: Any) -> str:
    text = value if value == ABSENT else repr(value)
    return text if len(text) < 200 else text[:200] + "…"


def fields(answer: Json) -> dict[str, Any]:
    """Every leaf of an answer by its path; an empty list or object is a leaf, a secret has a leaf for its mark."""
    return dict(_walk("", {key: Counter(item) if key in _AS_SETS else item for key, item in answer.items()}))


def _walk(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value.get(SIGNATURE) == SECRET:
        yield f"{path}!secret", True
        yield from _walk(path, value.get("value"))
    elif isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _walk(f"{path}.{key}" if path else key, item)
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _walk(f"{path}[{index}]", item)
    else:
        yield path, value


def differences(recorded: Json, ours: Json) -> tuple[int, list[Difference]]:
    """(fields compared, those that differ)."""
    left, right = fields(recorded), fields(ours)
    paths = sorted(set(left) | set(right))
    found = [
        Difference(path, left.get(path, ABSENT), right.get(path, ABSENT))
        for path in paths
        if path not in left or path not in right or not _same(left[path], right[path])
    ]
    return len(paths), found


def _same(left: Any, right: Any) -> bool:
    """Equal, and of one type: 1 is 1.0 (JSON has one kind of number), but not True."""
    number = (int, float)
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, number) and isinstance(right, number):
        return left == right
    return type(left) is type(right) and bool(left == right)
