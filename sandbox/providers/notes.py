"""`__defaults`: the bridge's note, in each object of the inputs, of what the program did not say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.providers.fields import Field, Values

NOTE = "__defaults"


def noted(fields: Mapping[str, Field], inputs: Values, said: Values) -> Values:
    """The inputs with the note in each object; `said` is what the program gave."""
    found = {name: _inside(fields.get(name, Field()), value, said.get(name)) for name, value in inputs.items()}
    return {**found, NOTE: sorted(set(inputs) - set(said))}


def _inside(field: Field, value: Any, said: Any) -> Any:
    if field.parts is None:
        return value
    if isinstance(value, dict):
        return noted(field.parts, value, said if isinstance(said, dict) else value)
    if isinstance(value, list):
        given = said if isinstance(said, list) else value
        return [_inside(field, item, one) for item, one in zip(value, given, strict=True)]
    return value


def keep_notes(inputs: Any, before: Any) -> Any:
    """Inputs that a refresh made, with the notes that stood in those of before."""
    if isinstance(inputs, dict) and isinstance(before, dict):
        found = {name: keep_notes(value, before.get(name)) for name, value in inputs.items()}
        if NOTE in before:
            found[NOTE] = [name for name in before[NOTE] if name in inputs]
        return found
    if isinstance(inputs, list) and isinstance(before, list):
        return [keep_notes(item, before[index] if index < len(before) else None) for index, item in enumerate(inputs)]
    return inputs
