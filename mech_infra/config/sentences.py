"""What pydantic found wrong, as one sentence for people: the key, the value unless it is secret, and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cache
from typing import Any

from pydantic_core import ErrorDetails

from mech_infra.config import environment, forms
from mech_infra.config.forms import Json
from mech_infra.config.platform import PlatformConfig
from mech_infra.config.types import NAMESPACE, nearest, shown

HIDDEN = "its value"
_BOUNDS = {
    "greater_than_equal": ("ge", "too small; it must be greater than or equal to"), "greater_than": ("gt", "too small; it must be greater than"),
    "less_than_equal": ("le", "too large; it must be less than or equal to"), "less_than": ("lt", "too large; it must be less than"),
}  # fmt: skip


@cache
def _schema() -> Json:
    return PlatformConfig.model_json_schema()


def sentence(detail: ErrorDetails, secrets: Collection[str] = ()) -> str:
    """`secrets` are values that it must not show."""
    location, kind, context, value = detail["loc"], detail["type"], detail.get("ctx", {}), detail["input"]
    key = f"{NAMESPACE}:" + ".".join(map(str, location))
    part = forms.at(_schema(), location)
    if kind == "value_error":
        text = str(context["error"])
        said = text if text.startswith(f"{NAMESPACE}:") or not location else f"{key}: {text}"
    elif kind == "extra_forbidden":
        said = f"{key} is not a setting of this program; remove it or correct its spelling{_siblings(location)}"
    elif value is None:
        said = f"{key} has nothing behind it; write a value, or take the key out"
    elif kind in _BOUNDS:
        limit, how = _BOUNDS[kind]
        said = f"{key}: {_shown(value, secrets)} is {how} {context[limit]}"
    elif kind == "too_short":
        said = f"{key} is an empty list; write one at least{_example(part)}"
    else:
        said = f"{key}: {_shown(value, secrets)} {_instead(value, part)}"
    return withheld(said, secrets)


def told(details: Sequence[ErrorDetails]) -> Iterator[ErrorDetails]:
    """Without what only follows: a list whose entries are wrong is empty to pydantic, too."""
    for detail in details:
        place = detail["loc"]
        inner = any(other["loc"][: len(place)] == place and other is not detail for other in details)
        if not (detail["type"] == "too_short" and inner):
            yield detail


def withheld(said: str, secrets: Iterable[str]) -> str:
    """A sentence without these; of the key, in which a password may be a word, nothing goes."""
    key = re.match(r"\S*", said)
    start = key.end() if key else 0
    return said[:start] + _without(said[start:], secrets)


def _without(text: str, secrets: Iterable[str]) -> str:
    for secret in sorted({secret for secret in secrets if secret}, key=len, reverse=True):
        text = text.replace(repr(secret), HIDDEN)
        if len(secret) > 3:  # a shorter one is part of other words
            text = text.replace(secret, HIDDEN)
    return text


def clean(text: str, secrets: Iterable[str]) -> str:
    """On one line, without what no terminal shows, and without what is a key wherever it stands; `secrets` are the stack's."""
    text = environment.LOOKS_SECRET.sub(HIDDEN, _without(text, (one for one in secrets if len(one) > 15)))
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", "?", text)


def _instead(value: Any, part: Json | None) -> str:
    if part is None:
        return "cannot stand there; take it out"
    # A section, or a map of sections.
    if "properties" in part or "$ref" in (part.get("additionalProperties") or {}):
        if isinstance(value, dict):
            return "has a key that is no text; write the settings' names"
        return "stands where settings are wanted; write each beneath it, as NAME: VALUE"
    words = forms.words(part)
    if part.get("type") == "array" and not isinstance(value, list):
        element = value if isinstance(value, str) and len(value) < 80 and not environment.looks_secret(value) else "…"
        return f"is not a list; write it as one, as {forms.written([element])}"
    if part.get("type") == "string" and "enum" not in part and isinstance(value, int | float):
        return f"is {_a(_kind(value))}, and {words} is wanted; write it in quotes{_example(part)}"
    options = nearest(str(value), map(str, part["enum"])) if "enum" in part else ""
    return f"is wrong here; write {_a(words)}{options or _example(part)}"


def _example(part: Json | None) -> str:
    return f", as {forms.written(part['examples'][0])}" if part and part.get("examples") else ""


def _a(words: str) -> str:
    return f"a {words}" if words.split(",")[0].split(" ")[0] in ("whole", "number", "list", "map") else words


def _kind(value: Any) -> str:
    return "true or false" if isinstance(value, bool) else "number"


def _shown(value: Any, secrets: Collection[str]) -> str:
    """The value as it is written; nothing of what is secret or looks so."""
    text = str(value)
    return HIDDEN if text in secrets or environment.looks_secret(text) else shown(value)


def _siblings(location: tuple[int | str, ...]) -> str:
    around = forms.at(_schema(), location[:-1]) or {}
    return nearest(str(location[-1]), around.get("properties", {}))
