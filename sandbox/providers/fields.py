"""The table of a bridged resource: its fields, and the values that they hold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sandbox.providers.values import Unknown, has_unknown

Values = dict[str, Any]
Kind = Literal["str", "int", "float", "bool", "list", "map", "object", "any"]
Role = Literal["required", "optional", "computed", "output"]


@dataclass(frozen=True)
class Field:
    """One property. `computed`: the program may set it, else the cloud chooses; `output`: only the cloud sets it."""

    kind: Kind = "str"
    role: Role = "optional"
    replace: bool = False
    default: Any = None
    choices: tuple[str, ...] = ()
    wire: str = ""  # the API's (docker: Terraform's) name, if not the property in snake case; "-": the API never tells
    unordered: bool = False  # a list whose order means nothing
    ignore_case: bool = False
    autoname: bool = False  # `<resource name>-<7 hex digits>` when the program gives none
    volatile: bool = False  # an output that any update changes: unknown at preview
    secret: bool = False
    if_given: bool = False  # the cloud fills it in, and it is no difference where the program says nothing
    any_order: bool = False  # a list that is shown in order; a mere change of order is no difference
    parts: Mapping[str, Field] | None = None  # what an object, or each object of a list, holds


def required(kind: Kind = "str", **more: Any) -> Field:
    return Field(kind, "required", **more)


def optional(kind: Kind = "str", **more: Any) -> Field:
    return Field(kind, "optional", **more)


def computed(kind: Kind = "str", **more: Any) -> Field:
    return Field(kind, "computed", **more)


def output(kind: Kind = "str", **more: Any) -> Field:
    return Field(kind, "output", **more)


def snake(name: str) -> str:
    """`mainIp` -> `main_ip`, `v6MainIp` -> `v6_main_ip`, `vpc2Ids` -> `vpc2_ids`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def camel(name: str) -> str:
    """`main_ip` -> `mainIp`."""
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


def empty(value: Any) -> bool:
    """Terraform's zero value: not set. An unknown is not empty."""
    return value is None or (not isinstance(value, Unknown) and value in ("", [], {}, False, 0))


def coerce(kind: Kind, value: Any) -> Any:
    """A value as its field's type, where the text allows it ("80" is 80, 80 is "80"). Raises ValueError."""
    if has_unknown(value) or value is None:
        return value
    if kind == "bool":
        if isinstance(value, bool):
            return value
        if value in ("true", "false"):
            return value == "true"
        raise ValueError("must be true or false")
    if kind in ("int", "float"):
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError("must be a number")
        try:
            number = float(value)
        except ValueError:
            raise ValueError(f"must be a number, not {value!r}") from None
        if number.is_integer():
            return int(number)
        if kind == "int":
            raise ValueError(f"must be a whole number, not {value!r}")
        return number
    if kind == "str":
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int | float):
            return str(value)
        if not isinstance(value, str):
            raise ValueError("must be text")
    if kind == "list" and not isinstance(value, list):
        raise ValueError("must be a list")
    if kind in ("map", "object") and not isinstance(value, dict):
        raise ValueError("must be a set of named values")
    return value
