"""Values as Terraform's SDK keeps them in state, which is how a bridged plugin's outputs look.

Source: the recorded calls of the official plugins (tests/parity), Terraform's SDK v2 (a block that is not there is an
empty list, an attribute that is not there is null) and go-cty (the order in which a set is shown).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sandbox.providers.fields import Field, Values, snake
from sandbox.providers.values import UNKNOWN, Unknown, has_unknown

_TIMEOUTS = "e2bfb730-ecaa-11e6-8f88-34363bc7c4c0"  # Terraform's key for them in a resource's private data
_NOTHING: Mapping[str, Any] = {"list": [], "map": {}}


def whole(field: Field, value: Any, read: bool) -> Any:
    """The value with all its parts named. `read`: as the plugin read it, where nothing is a zero and not null."""
    if isinstance(value, Unknown) or field.parts is None:
        return ordered(field, value)
    if field.kind == "object":
        return _parts(field.parts, value, False, read) if value else None
    items = [
        item if isinstance(item, Unknown) else _parts(field.parts, item, field.unordered, read) for item in value or []
    ]
    return ordered(field, items)


def _parts(parts: Mapping[str, Field], value: Values, in_set: bool, read: bool) -> Values:
    return {name: _part(field, value.get(name), in_set, read) for name, field in parts.items()}


def _part(field: Field, value: Any, in_set: bool, read: bool) -> Any:
    if value is None and field.default is not None:
        return field.default
    if value is not None or field.kind == "object":
        return whole(field, value, read)
    if field.kind in _NOTHING and (read or (in_set and field.kind == "list")):
        return type(_NOTHING[field.kind])()
    if field.kind == "str":
        return "" if in_set or read else None
    if not read:
        return None
    return False if field.kind == "bool" else 0


def ordered(field: Field, value: Any) -> Any:
    """A set in the order in which it is shown, unknown as a whole where an element is; other values as they are."""
    if not field.unordered or not isinstance(value, list):
        return value
    if any(isinstance(item, Unknown) for item in value):
        return UNKNOWN
    if has_unknown(value):
        return value
    return sorted(value, key=lambda item: item if isinstance(item, str) else _hash(item, field.parts))


def _hash(value: Any, parts: Mapping[str, Field] | None) -> str:
    """go-cty's text of a value, by which it orders sets of anything but text: attributes by their Terraform names."""
    if value is None:
        return "~"
    if isinstance(value, bool):
        return "T" if value else "F"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return "[" + "".join(_hash(item, None) + ";" for item in value) + "]"
    if parts is None:
        return "{" + "".join(f"{_hash(key, None)}={_hash(item, None)};" for key, item in sorted(value.items())) + "}"
    named = sorted((field.wire or snake(name), value.get(name), field) for name, field in parts.items())
    return "<" + "".join(_attribute(item, field) + ";" for _, item, field in named) + ">"


def _attribute(value: Any, field: Field) -> str:
    if field.kind == "object":  # a block of which there may be one: a list, for Terraform
        return f"[{_hash(value, field.parts)};]" if value else "[]"
    return _hash(value, field.parts)


def meta(timeouts: Mapping[str, int], version: int, planned: Values | None = None) -> str | None:
    """`__meta`, Terraform's private data of a resource: time limits in seconds, version of its schema; for a plan,
    what is noted beside it."""
    data: Values = {"_new_extra_shim": planned} if planned is not None and timeouts else {}
    if timeouts:
        data[_TIMEOUTS] = {name: int(seconds * 10**9) for name, seconds in timeouts.items()}
    if version and planned is None:
        data["schema_version"] = str(version)
    return json.dumps(data, separators=(",", ":"), sort_keys=True) if data else None


def shape(fields: Mapping[str, Field], values: Values) -> Values:
    """`__pulumi_raw_state_delta`: how the newer bridge gets from outputs back to Terraform's own state.

    It names lists (arr), maps (map), blocks of which there may be one (plu) and names that are not the usual ones.
    """
    found = {name: _shape(field, values.get(name)) for name, field in fields.items()}
    parts = {name: item for name, item in found.items() if item is not None}
    renamed = {name: field.wire for name, field in fields.items() if field.wire}
    return {"obj": {**({"ps": parts} if parts else {}), **({"renamed": renamed} if renamed else {})}}


def _shape(field: Field, value: Any) -> Values | None:
    if field.kind == "object":
        return {"plu": {"i": shape(field.parts or {}, value) if value else {}}}
    if value is None or isinstance(value, Unknown) or field.kind not in ("list", "map"):
        return None
    if field.kind == "map":
        return {"map": {}}
    items = {str(index): shape(field.parts, item) for index, item in enumerate(value)} if field.parts else {}
    return {"arr": {"el": items} if items else {}}
