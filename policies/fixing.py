"""Puts right, in a stack's file, what has one right answer: the keys that a rule names in `sets`."""

from __future__ import annotations

import difflib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from policies.report import Verdict

_LONGEST = 4096  # characters of a line: none is broken


@dataclass(frozen=True)
class Fix:
    """A stack's file before and after; `keys` are those that were set."""

    path: Path
    before: str
    after: str
    keys: Sequence[str]

    @property
    def diff(self) -> str:
        """As `diff -u` shows it."""
        name = self.path.name
        lines = (self.before.splitlines(keepends=True), self.after.splitlines(keepends=True))
        return "".join(difflib.unified_diff(*lines, name, f"{name} (fixed)"))


def fix(path: Path, verdicts: Sequence[Verdict], advice: bool = False) -> Fix:
    """What the findings that refuse (`advice`: the others, too) make of the file. Comments and order stay.

    Raises OSError, ValueError.
    """
    before = path.read_text()
    counts = [one for one in verdicts if one.findings and (advice or one.rule.level == "mandatory")]
    wanted = {key: value for one in counts for key, value in one.rule.sets.items()}
    return Fix(path, before, _edited(before, wanted) if wanted else before, list(wanted))


def _edited(text: str, wanted: dict[str, Any]) -> str:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = _LONGEST
    try:
        whole = yaml.load(text)
    except YAMLError as error:
        raise ValueError(str(error).splitlines()[0]) from None
    if not isinstance(whole, CommentedMap):
        whole = CommentedMap()
    for key, value in wanted.items():
        *sections, last = key.split(".")
        place = whole
        for section in ("config", *sections):
            if not isinstance(place.get(section), CommentedMap):
                place[section] = CommentedMap()
            place = place[section]
        place[last] = value
    out = io.StringIO()
    yaml.dump(whole, out)
    return out.getvalue()
