"""Lists whose order means nothing, and other small comparisons of bridged values."""

from __future__ import annotations

import json
from typing import Any

from sandbox.providers.contract import Kind as Change
from sandbox.providers.contract import ProviderError
from sandbox.providers.values import same


def bag(items: list[Any]) -> list[str]:
    """The items without their order, nor that of the keys within."""
    return sorted(json.dumps(item, sort_keys=True, default=repr) for item in items)


def or_none(value: Any) -> Any:
    """An empty list or object is none: what then comes or goes is the property as a whole."""
    return None if value in ([], {}) else value


def set_changes(name: str, old: list[Any], new: list[Any]) -> dict[str, Change]:
    """What differs between two lists whose order means nothing, at the places the engine shows values from."""
    gone = [f"{name}[{index}]" for index, item in enumerate(old) if not any(same(item, one) for one in new)]
    come = [f"{name}[{index}]" for index, item in enumerate(new) if not any(same(item, one) for one in old)]
    changes: dict[str, Change] = dict.fromkeys(gone, "delete")
    for path in come:
        changes[path] = "update" if path in changes else "add"
    return changes


def split_import(id: str, separator: str, parts: int, wanted: str) -> list[str]:
    """The parts of an import id. Raises ProviderError that says the right form."""
    found = id.split(separator)
    if len(found) != parts or not all(found):
        raise ProviderError(f"invalid import ID {id!r}: expected {wanted}")
    return found
