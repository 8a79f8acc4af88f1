"""What every bridged Terraform provider has in common: a resource is a table of fields, the rest follows from it.

Rules (pulumi-terraform-bridge and Terraform's SDKs): a field the program leaves out means "empty" when it is
optional, and "as the cloud has it" when it is also computed; absent, "", [], {}, false and 0 are one and the same;
a diff compares the program with the *state* (what the cloud said last), so that a refresh shows drift.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from sandbox.providers.contract import (
    CheckFailure,
    Context,
    Diff,
    ProviderError,
    Resource,
    diff_values,
    top,
)
from sandbox.providers.contract import Kind as Change
from sandbox.providers.values import UNKNOWN, Unknown, has_unknown, same

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
    wire: str = ""  # the API's name when it is not the property in snake case; "-": the API never tells
    unordered: bool = False  # a list whose order means nothing
    ignore_case: bool = False
    autoname: bool = False  # `<resource name>-<7 hex digits>` when the program gives none
    volatile: bool = False  # an output that any update changes: unknown at preview
    secret: bool = False


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


class Bridged(Resource):
    """A resource described by `fields`. Subclasses talk to the API: `make`, `fetch`, `change`, `remove`."""

    terraform: ClassVar[str]  # "vultr_instance", for messages
    fields: ClassVar[Mapping[str, Field]]
    # Keys inside objects and lists of objects that the cloud fills in: no difference when the program has none.
    nested_computed: ClassVar[frozenset[str]] = frozenset()
    import_format: ClassVar[str] = "ID"

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if "fields" in cls.__dict__:
            cls.secret_outputs = frozenset(name for name, field in cls.fields.items() if field.secret)
            cls.computed = tuple(n for n, f in cls.fields.items() if f.role in ("output", "computed"))
            cls.replace_on = frozenset(name for name, field in cls.fields.items() if field.replace)

    # -- what a subclass does ---------------------------------------------------------------------------------

    def make(self, ctx: Context, inputs: Values, timeout: float) -> tuple[str, Values]:
        """Create; (id, outputs). Inputs hold no unknowns; timeout in seconds, 0 for the default."""
        raise NotImplementedError

    def fetch(self, ctx: Context, id: str, known: Values) -> Values | None:
        """The state now, or None when the cloud says that it is gone. `known` is what the state held before."""
        raise NotImplementedError

    def change(self, ctx: Context, id: str, old: Values, inputs: Values, timeout: float) -> Values:
        """Update in place; the new outputs."""
        raise NotImplementedError

    def remove(self, ctx: Context, id: str, old: Values, timeout: float) -> None:
        raise NotImplementedError

    def import_id(self, ctx: Context, id: str) -> tuple[str, Values]:
        """(the real id, what else the import id tells): `zone/record` -> (`record`, {"zoneId": `zone`})."""
        return id, {}

    def validate(self, inputs: Values) -> list[CheckFailure]:
        """Rules across fields; values may be UNKNOWN."""
        return []

    def normal(self, name: str, value: Any, inputs: Values) -> Any:
        """A value as it is compared; both sides pass through here."""
        return value

    # -- outputs ----------------------------------------------------------------------------------------------

    def decode(self, answer: Mapping[str, Any], known: Values) -> Values:
        """The API's object as outputs; what the API never tells is kept from `known`."""
        outputs: Values = {}
        for name, field in self.fields.items():
            wire = field.wire or snake(name)
            value = answer.get(wire) if wire != "-" else None
            outputs[name] = known.get(name) if value is None and wire not in answer else value
        return {name: value for name, value in outputs.items() if value is not None}

    # -- the contract -----------------------------------------------------------------------------------------

    def check(self, ctx: Context, olds: Values, news: Values) -> tuple[Values, list[CheckFailure]]:
        inputs: Values = {}
        failures: list[CheckFailure] = []
        for name, value in news.items():
            field = self.fields.get(name)
            if field is None or field.role == "output":
                what = "is set by the cloud" if field else "is not an argument"
                failures.append(CheckFailure(name, f"{name} {what} of {self.terraform}"))
                continue
            try:
                inputs[name] = coerce(field.kind, value)
            except ValueError as error:
                failures.append(CheckFailure(name, f"{name} {error}"))
                continue
            if field.choices and isinstance(inputs[name], str) and inputs[name] not in field.choices:
                wanted = ", ".join(repr(choice) for choice in field.choices)
                failures.append(CheckFailure(name, f"expected {name} to be one of [{wanted}], got {value}"))
        for name, field in self.fields.items():
            if inputs.get(name) is not None or any(failure.property == name for failure in failures):
                continue
            if field.autoname:
                inputs[name] = self._auto_name(ctx, olds.get(name))
            elif field.default is not None:
                inputs[name] = field.default
            elif field.role == "required":
                failures.append(
                    CheckFailure(
                        name,
                        f'Missing required argument. The argument "{snake(name)}" is required, but no definition '
                        f"was found: give {ctx.name or 'the resource'} a value for {name!r}",
                    )
                )
        return inputs, failures or self.validate(inputs)

    def _auto_name(self, ctx: Context, before: Any) -> str:
        """The name of before, when it was an automatic one: a new one on each update would be a change for ever."""
        if isinstance(before, str) and re.fullmatch(re.escape(ctx.name) + "-[0-9a-f]{7}", before):
            return before
        return ctx.auto_name()

    def diff(self, ctx: Context, id: str, old_inputs: Values, old_outputs: Values, news: Values) -> Diff:
        left: Values = {}
        right: Values = {}
        sets: dict[str, Change] = {}
        for name, field in self.fields.items():
            if field.role == "output":
                continue
            new = self._comparable(name, news.get(name), news)
            old = self._comparable(name, old_outputs.get(name), news)
            if empty(new) and (empty(old) or field.role == "computed"):
                continue
            if field.ignore_case and isinstance(old, str) and isinstance(new, str) and old.lower() == new.lower():
                continue
            if field.unordered and isinstance(old, list) and isinstance(new, list):
                sets.update(set_changes(name, old, new))
            else:
                left[name], right[name] = self.project(old, new), new
        diff = diff_values(left, right, self.replace_on)
        diff.detailed.update(sets)
        diff.replaces += [path for path in sets if top(path) in self.replace_on]
        diff.input_diff = False
        diff.delete_before_replace = self.delete_first(diff, news)
        return diff

    def delete_first(self, diff: Diff, news: Values) -> bool:
        """Whether a replacement must delete first: the bridge does so when an automatic name was given by hand and
        stays, since the cloud may refuse two of one name."""
        return any(
            field.autoname and name not in diff.detailed and not re.search("-[0-9a-f]{7}$", str(news.get(name)))
            for name, field in self.fields.items()
        )

    def _comparable(self, name: str, value: Any, inputs: Values) -> Any:
        return value if value is None or isinstance(value, Unknown) else self.normal(name, value, inputs)

    def project(self, old: Any, new: Any) -> Any:
        """`old` without what the cloud filled in and the program does not speak of."""
        if isinstance(old, dict) and isinstance(new, dict):
            return {
                key: self.project(value, new.get(key))
                for key, value in old.items()
                if not empty(new.get(key)) or key in new or not (empty(value) or key in self.nested_computed)
            }
        if isinstance(old, list) and isinstance(new, list):
            return [self.project(item, new[index] if index < len(new) else None) for index, item in enumerate(old)]
        return old

    def preview(self, ctx: Context, inputs: Values) -> Values:
        return {**dict.fromkeys(self.computed, UNKNOWN), **inputs}

    def preview_update(self, ctx: Context, id: str, old_outputs: Values, inputs: Values) -> Values:
        volatile = {name: UNKNOWN for name, field in self.fields.items() if field.volatile}
        kept = {name: old_outputs[name] for name in self.computed if name in old_outputs}
        return {**kept, **volatile, **inputs}

    def create(self, ctx: Context, inputs: Values, timeout: float) -> tuple[str, Values]:
        return self.make(ctx, inputs, timeout)

    def update(self, ctx: Context, id: str, old_outputs: Values, inputs: Values, timeout: float) -> Values:
        return self.change(ctx, id, old_outputs, inputs, timeout)

    def delete(self, ctx: Context, id: str, outputs: Values, timeout: float) -> None:
        self.remove(ctx, id, outputs, timeout)

    def read(self, ctx: Context, id: str, inputs: Values, outputs: Values) -> tuple[str, Values, Values] | None:
        importing = not inputs and not outputs
        known = {**inputs, **outputs}
        if importing:
            id, known = self.import_id(ctx, id)
        now = self.fetch(ctx, id, known)
        if now is None:
            return None
        return id, now, self.inputs_from(now, None if importing else inputs)

    def inputs_from(self, outputs: Values, before: Values | None) -> Values:
        """Inputs that say what the cloud has. A refresh keeps to the fields the program had set; an import
        (`before` is None) takes all that are not empty."""
        found: Values = {}
        for name, field in self.fields.items():
            if field.role == "output":
                continue
            value = outputs.get(name)
            if before is None:
                if not empty(value) or field.role == "required":
                    found[name] = value
            elif name in before:
                old = before[name]
                value = self.project(value, old)
                found[name] = old if self._same(name, value, old, before) else value
        return {name: value for name, value in found.items() if value is not None}

    def _same(self, name: str, now: Any, before: Any, inputs: Values) -> bool:
        if empty(now) and empty(before):
            return True
        now, before = self._comparable(name, now, inputs), self._comparable(name, before, inputs)
        field = self.fields[name]
        if field.unordered and isinstance(now, list) and isinstance(before, list):
            return sorted(map(repr, now)) == sorted(map(repr, before))
        if field.ignore_case and isinstance(now, str) and isinstance(before, str):
            return now.lower() == before.lower()
        return bool(now == before)


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
