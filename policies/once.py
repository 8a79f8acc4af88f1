"""Makes the policy library convert each resource once, not once a rule: it would take half of a large preview.

pulumi-policy 1.21 turns a request's properties into Python values anew for every policy. The values are only read, so
one conversion serves all rules. Pinned with the library; without it everything works the same, slower.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi_policy.policy as library

_KEPT = 8192  # messages; more than a stack has


class Once:
    """A function of one message that remembers its answers while it holds the message."""

    def __init__(self, convert: Callable[[Any], Any]) -> None:
        self._convert = convert
        self._answers: dict[int, tuple[Any, Any]] = {}

    def __call__(self, message: Any, *rest: Any) -> Any:
        if rest:
            return self._convert(message, *rest)
        known = self._answers.get(id(message))
        # The message itself is kept, so that its id cannot become another's.
        if known is not None and known[0] is message:
            return known[1]
        if len(self._answers) >= _KEPT:
            self._answers.clear()
        answer = self._convert(message)
        self._answers[id(message)] = (message, answer)
        return answer


class _Format:
    """The library's `json_format` with a MessageToDict that remembers."""

    def __init__(self, original: Any) -> None:
        self._original = original
        self.MessageToDict = Once(original.MessageToDict)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)


def install() -> None:
    """Put it in place; safe to repeat."""
    if not isinstance(library.json_format, _Format):
        library.json_format = _Format(library.json_format)
        library.deserialize_properties = Once(library.deserialize_properties)
        library.unknown_checking_proxy = Once(library.unknown_checking_proxy)


def values(message: Any) -> Any:
    """A message's properties as the library's policies see them: reading an unknown one raises UnknownValueError."""
    return library.unknown_checking_proxy(library.deserialize_properties(library.json_format.MessageToDict(message)))


def wire(message: Any) -> Any:
    """A message's properties as plain data, with Pulumi's marks of secrets and assets."""
    return library.json_format.MessageToDict(message)
