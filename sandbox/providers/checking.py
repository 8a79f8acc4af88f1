"""A program's properties as a bridged resource's inputs: types, choices, defaults, names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sandbox.providers.contract import CheckFailure, Context
from sandbox.providers.fields import Field, Values, coerce, empty, snake

Fields = Mapping[str, Field]


def checked(
    fields: Fields, terraform: str, zero_defaults: bool, ctx: Context, olds: Values, news: Values
) -> tuple[Values, list[CheckFailure]]:
    """(inputs with their defaults, what is wrong). `zero_defaults`: whether false, 0 and "" are filled in as well."""
    inputs: Values = {}
    failures: list[CheckFailure] = []
    for name, value in news.items():
        field = fields.get(name)
        if field is None or field.role == "output":
            what = "is set by the cloud" if field else "is not an argument"
            failures.append(CheckFailure(name, f"{name} {what} of {terraform}"))
            continue
        try:
            inputs[name] = _filled(field, coerce(field.kind, value), zero_defaults)
        except ValueError as error:
            failures.append(CheckFailure(name, f"{name} {error}"))
            continue
        if field.choices and isinstance(inputs[name], str) and inputs[name] not in field.choices:
            wanted = ", ".join(repr(choice) for choice in field.choices)
            failures.append(CheckFailure(name, f"expected {name} to be one of [{wanted}], got {value}"))
    failed = {failure.property for failure in failures}
    for name, field in fields.items():
        if inputs.get(name) is not None or name in failed:
            continue
        if field.autoname and ctx.may_name:
            inputs[name] = _auto_name(ctx, olds.get(name))
        elif field.default is not None:
            if zero_defaults or not empty(field.default):
                inputs[name] = field.default
        elif field.role == "required":
            failures.append(CheckFailure(name, _missing(ctx, name)))
    return inputs, failures


def _missing(ctx: Context, name: str) -> str:
    return (
        f'Missing required argument. The argument "{snake(name)}" is required, but no definition was found: '
        f"give {ctx.name or 'the resource'} a value for {name!r}"
    )


def _filled(field: Field, value: Any, zeros: bool) -> Any:
    """A value with the defaults inside it."""
    if field.parts is None:
        return value
    if isinstance(value, list):
        return [_filled_object(field.parts, item, zeros) for item in value]
    return _filled_object(field.parts, value, zeros)


def _filled_object(parts: Fields, value: Any, zeros: bool) -> Any:
    if not isinstance(value, dict):
        return value
    missing = {
        name: part.default
        for name, part in parts.items()
        if part.default is not None and name not in value and (zeros or not empty(part.default))
    }
    return {**missing, **{name: _filled(parts.get(name, Field()), item, zeros) for name, item in value.items()}}


def _auto_name(ctx: Context, before: Any) -> str:
    """The name of before, when it was an automatic one: a new one on each update would be a change for ever."""
    if ctx.proposed_name:
        return ctx.proposed_name
    if isinstance(before, str) and re.fullmatch(re.escape(ctx.name) + "-[0-9a-f]{7}", before):
        return before
    return ctx.auto_name()
