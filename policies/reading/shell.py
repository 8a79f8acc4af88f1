"""What a shell text says once its variables are known."""

from __future__ import annotations

import re

_SET = re.compile(r"^([A-Z][A-Z0-9_]*)=([\w.:/-]+)$", re.M)
_USED = re.compile(r'"?\$(\{)?([A-Z][A-Z0-9_]*)(?(1)\})"?')


def spelled_out(text: str) -> str:
    """The text with the values of variables, which it sets on lines of their own, in the variables' place."""
    values = dict(_SET.findall(text))
    return _USED.sub(lambda used: values.get(used[2], used[0]), text)
