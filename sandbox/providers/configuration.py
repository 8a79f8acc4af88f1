"""A provider's configuration on the wire: what is not text comes as JSON text, and the engine's own keys are none of it."""

from __future__ import annotations

import json
from typing import Any

from sandbox.providers.values import Secret, from_json, has_secret, mark_like, plain

Values = dict[str, Any]


def clean(values: Values) -> Values:
    """Without the engine's and the bridge's own keys (`__internal`, `__defaults`, `__meta`)."""

    def inner(value: Any) -> Any:
        if isinstance(value, dict):
            return clean(value)
        return [inner(item) for item in value] if isinstance(value, list) else value

    return {key: inner(item) for key, item in values.items() if not key.startswith("__")}


def decode(value: Any) -> Any:
    """SDKs send provider configuration that is not a string as JSON text; numbers stay text."""
    inner = plain(value)
    if not isinstance(inner, str) or not inner[:1] or inner[0] not in '{["tf':
        return value
    try:
        decoded = from_json(json.loads(inner))
    except ValueError:
        return value
    return mark_like(decoded, value) if not isinstance(decoded, str) else value


def compact(value: Any) -> Any:
    """A list or object of the configuration as the official plugins keep it: JSON text without spaces."""
    decoded = plain(decode(value))
    if not isinstance(decoded, list | dict) or not isinstance(plain(value), str):
        return value
    text = json.dumps(decoded, separators=(",", ":"), ensure_ascii=False)
    return mark_like(text, Secret("") if has_secret(decode(value)) else None)


def config(values: Values) -> Values:
    return {key: plain(decode(item)) for key, item in clean(values).items()}
