"""Names on the wire and in the SDK: `action_parameters` is `actionParameters`, some lists are plural in the SDK.

Source: pulumi_cloudflare's outputs.py (6.23.1) against terraform-provider-cloudflare's models.
"""

from __future__ import annotations

from typing import Any

from sandbox.providers.bridge import camel, snake
from sandbox.providers.values import Unknown

# Lists whose name the SDK turns into a plural (an object of the same wire name keeps its name).
_PLURAL = {
    "check_presence": "checkPresences",
    "include": "includes",
    "list": "lists",
    "status_code_ttl": "statusCodeTtls",
}
_SINGULAR = {plural: wire for wire, plural in _PLURAL.items()}
# Maps whose keys are the user's.
_FREE_KEYS = frozenset({"headers", "contains"})


def to_wire(value: Any) -> Any:
    """A nested value of the program as the API wants it."""
    if isinstance(value, list):
        return [to_wire(item) for item in value]
    if not isinstance(value, dict):
        return value
    out: dict[str, Any] = {}
    for key, item in value.items():
        name = _SINGULAR.get(key, snake(key)) if isinstance(item, list) else snake(key)
        out[name] = {k: to_wire(v) for k, v in item.items()} if _free(key, item) else to_wire(item)
    return out


def to_program(value: Any) -> Any:
    """A nested value of the API as the SDK names it; nulls are left out."""
    if isinstance(value, list):
        return [to_program(item) for item in value]
    if not isinstance(value, dict):
        return value
    out: dict[str, Any] = {}
    for key, item in value.items():
        if item is None:
            continue
        name = _PLURAL.get(key, camel(key)) if isinstance(item, list) else camel(key)
        out[name] = {k: to_program(v) for k, v in item.items()} if _free(key, item) else to_program(item)
    return out


def _free(key: str, item: Any) -> bool:
    # `rules` in a skip or managed rule's parameters is a map of ruleset ids to lists; elsewhere it is a list.
    return isinstance(item, dict) and (key in _FREE_KEYS or key == "rules")


def quoted(text: str) -> str:
    """A TXT record's content as Cloudflare stores it: in double quotes."""
    return text if len(text) > 1 and text[0] == text[-1] == '"' else f'"{text}"'


def unquoted(text: Any) -> Any:
    if isinstance(text, Unknown) or not isinstance(text, str):
        return text
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text
