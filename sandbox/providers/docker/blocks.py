"""How Terraform's SDK plans blocks within blocks, what it keeps of the plan after an apply, and what then differs.

`Bridged` knows properties as wholes; a service's `taskSpec` holds, four levels deep, what the swarm fills in beside what
the program says. Source: the SDK's schema.go and normalizeNullValues, as the recorded calls show them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sandbox.providers.bridge import Field, Values, empty
from sandbox.providers.comparing import bag
from sandbox.providers.contract import Kind
from sandbox.providers.terraform import ordered, whole
from sandbox.providers.values import UNKNOWN, Unknown, has_unknown, same

from .shape import lean

Fields = Mapping[str, Field]


def planned(fields: Fields, before: Values | None, given: Values) -> Values:
    """What is to be: as the program says, else as it was (`before`: the state, None for a create), else unknown where
    the swarm chooses."""
    return {name: _plan(field, before, (before or {}).get(name), given.get(name)) for name, field in fields.items()}


def _plan(field: Field, parent: Values | None, before: Any, given: Any) -> Any:
    if isinstance(given, Unknown):
        return UNKNOWN
    if given is None:
        return _left_out(field, parent, before)
    before = _filled(field, before)
    if field.parts is None:
        return before if empty(given) and empty(before) and before is not None else ordered(field, given)
    if field.kind == "object":
        return planned(field.parts, before or None, given)
    if field.unordered:
        new = whole(field, given, False)
        return before if before is not None and _equal(field, before, new) else new
    rows = [before[index] if index < len(before or []) else None for index in range(len(given))]
    return [planned(field.parts, row, item) for row, item in zip(rows, given, strict=True)]


def _left_out(field: Field, parent: Values | None, before: Any) -> Any:
    before = _filled(field, before)
    if field.role in ("computed", "output"):
        return UNKNOWN if parent is None else before
    if field.default is not None:
        return field.default
    if before is not None and empty(before):
        return before
    return [] if field.kind == "list" and field.parts is not None else None


def _filled(field: Field, value: Any) -> Any:
    """A value of the state with its nulls, which the protocol leaves out."""
    if field.parts is None or value is None:
        return value
    if isinstance(value, list):
        return [_filled(Field("object", parts=field.parts), item) for item in value]
    return {name: _filled(part, value.get(name)) for name, part in field.parts.items()}


def applied(fields: Fields, plan: Values, now: Values) -> Values:
    """The state after an apply: what was read, but sets and nothings as they were planned."""
    return {name: _apply(field, plan.get(name), now.get(name)) for name, field in fields.items()}


def _apply(field: Field, plan: Any, now: Any) -> Any:
    if isinstance(plan, Unknown):
        return now
    if field.kind in ("list", "map", "object") and empty(lean(plan)) and empty(lean(now)):
        return plan
    if field.unordered:
        return now if has_unknown(plan) or plan is None else plan
    if field.parts is None or plan is None or now is None:
        return plan if now is None else now
    if field.kind == "object":
        return applied(field.parts, plan, now)
    if len(plan) != len(now):
        return now
    return [applied(field.parts, one, other) for one, other in zip(plan, now, strict=True)]


def echoed(fields: Fields, given: Values, now: Values) -> Values:
    """The program's inputs after a read: its own words where the state means the same, else what is now."""
    found = {name: _echo(fields[name], value, now.get(name)) for name, value in given.items() if name in fields}
    return {name: value for name, value in found.items() if value is not None}


def _echo(field: Field, given: Any, now: Any) -> Any:
    if field.parts is not None and isinstance(given, dict) and isinstance(now, dict):
        return echoed(field.parts, given, now)
    if _equal(field, whole(field, given, False), now):
        return given
    if field.kind == "map" and isinstance(now, dict):
        return {key: now[key] for key in given if key in now}
    if field.parts is not None and isinstance(given, list) and not field.unordered and len(given) == len(now or []):
        return [echoed(field.parts, one, other) for one, other in zip(given, now, strict=True)]
    return now


def changes(fields: Fields, before: Values, plan: Values, said: Values, at: str = "") -> dict[str, tuple[Kind, bool]]:
    """Each path that differs: how, and whether that replaces. `said`: the program's own, whose places are shown."""
    found: dict[str, tuple[Kind, bool]] = {}
    for name, field in fields.items():
        found.update(_differ(field, before.get(name), plan.get(name), said.get(name), f"{at}{name}"))
    return found


def _differ(field: Field, before: Any, plan: Any, said: Any, at: str) -> dict[str, tuple[Kind, bool]]:
    if isinstance(plan, Unknown):
        return {} if said is None else {at: ("update", field.replace)}
    if not field.unordered and field.kind == "object" and before is not None and plan is not None:
        return changes(field.parts or {}, before, plan, said or {}, f"{at}.")
    if _equal(field, before, plan):
        return {}
    if _nothing(field, before) or _nothing(field, plan):
        return {at: ("add" if _nothing(field, before) else "delete", field.replace)}
    if field.unordered:
        return _set_differ(field, before, said if isinstance(said, list) else plan, at)
    if field.kind == "list":
        found: dict[str, tuple[Kind, bool]] = {}
        for index in range(max(len(before), len(plan))):
            old, new, one = (side[index] if index < len(side) else None for side in (before, plan, said or []))
            part = Field("object" if field.parts else "any", parts=field.parts, replace=field.replace)
            found.update(_differ(part, old, new, one, f"{at}[{index}]"))
        return found
    if field.kind == "map":
        keys = sorted({*before, *plan})
        part = Field(replace=field.replace)
        return {
            path: change
            for key in keys
            for path, change in _differ(part, before.get(key), plan.get(key), plan.get(key), f"{at}.{key}").items()
        }
    return {at: ("update", field.replace)}


def _nothing(field: Field, value: Any) -> bool:
    """Whether a display has nothing to show; a zero is something where it was said."""
    return value is None or (field.kind in ("list", "map", "object", "str") and empty(value))


def _equal(field: Field, before: Any, plan: Any) -> bool:
    before, plan = lean(before), lean(plan)
    if field.unordered and isinstance(before, list) and isinstance(plan, list):
        before, plan = bag(before), bag(plan)
    return (empty(before) and empty(plan)) or same(before, plan)


def _set_differ(field: Field, before: list[Any], said: list[Any], at: str) -> dict[str, tuple[Kind, bool]]:
    """By places: what left one and what came to one; where both are the same place, what differs within."""
    said = [item for one in said for item in whole(field, [one], False)]
    old, new = ([json.dumps(lean(item), sort_keys=True, default=repr) for item in side] for side in (before, said))
    gone = {index for index, item in enumerate(old) if item not in new}
    come = {index for index, item in enumerate(new) if item not in old}
    found: dict[str, tuple[Kind, bool]] = {}
    for index in sorted(gone | come):
        if index in gone & come and field.parts:
            inside = changes(field.parts, before[index], said[index], said[index], f"{at}[{index}].")
            found.update({path: (kind, replaces or field.replace) for path, (kind, replaces) in inside.items()})
        else:
            kind: Kind = "update" if index in gone & come else "add" if index in come else "delete"
            found[f"{at}[{index}]"] = (kind, field.replace)
    return found
