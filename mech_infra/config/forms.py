"""A type in words, out of its JSON schema: for docs/config.md, and for whoever wrote something else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import yaml

Json = dict[str, Any]


def leaf(schema: Json) -> Json:
    """A key's schema without its "or null": that is how a key that is not set is said."""
    parts = [part for part in schema.get("anyOf", []) if part != {"type": "null"}]
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    return {**parts[0], **rest} if parts else schema


def words(part: Json) -> str:
    """As docs/config.md has it after "Type:"."""
    kind = part.get("type")
    if "words" in part:
        return str(part["words"])
    if "enum" in part:
        *rest, last = map(written, part["enum"])
        return f"{', '.join(rest)} or {last}"
    if kind == "boolean":
        return "`true` or `false`"
    if kind == "string":
        return "text"
    if kind in ("integer", "number"):
        number = "whole number" if kind == "integer" else "number"
        limits = [f"{how} {part[key]}" for key, how in (("minimum", "at least"), ("maximum", "at most")) if key in part]
        return ", ".join([number, *limits])
    if kind == "array":
        empty = ", not empty" if part.get("minItems") else ""
        return f"list{empty}, each {words(part['items'])}"
    if kind == "object":
        return f"map of names to {words(part['additionalProperties'])}"
    raise ValueError(f"how is {part} said in words?")


def written(value: Any) -> str:
    """As one writes it in the file, on one line."""
    if value is None:
        return "not set"
    text = (
        yaml.safe_dump(value, default_flow_style=True, width=1000, sort_keys=False, allow_unicode=True)
        .removesuffix("\n")
        .removesuffix("\n...")
    )
    return f"`{text if len(text.splitlines()) == 1 else json.dumps(value)}`"


def at(schema: Json, location: Sequence[str | int]) -> Json | None:
    """The part of a model's JSON schema that says what stands at a place of the config; None where nothing may."""
    part: Json | None = schema
    for step in location:
        part = _resolved(schema, part or {})
        if "properties" in part:
            part = part["properties"].get(str(step))
        else:
            inner = part.get("items") if isinstance(step, int) else part.get("additionalProperties")
            part = inner if isinstance(inner, dict) else None
        if part is None:
            return None
    return _resolved(schema, part or {})


def _resolved(schema: Json, part: Json) -> Json:
    part = leaf(part)
    if "$ref" not in part:
        return part
    rest = {key: value for key, value in part.items() if key != "$ref"}
    found: Json = schema["$defs"][part["$ref"].rpartition("/")[2]]
    return {**found, **rest}
