"""What every bridged Terraform provider has in common: a resource is a table of fields, the rest follows from it.

Rules (pulumi-terraform-bridge and Terraform's SDKs; the recorded calls in tests/parity show them at work): a field the
program leaves out means "empty" when it is optional, and "as the cloud has it" when it is also computed; absent, "", [],
{}, false and 0 are one and the same; a diff compares the program with the *state* (what the cloud said last), so that a
refresh shows drift.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from sandbox.providers.checking import checked
from sandbox.providers.comparing import bag, or_none, set_changes, split_import
from sandbox.providers.contract import CheckFailure, Context, Diff, PartialError, Resource, diff_values, top
from sandbox.providers.contract import Kind as Change
from sandbox.providers.fields import (
    Field,
    Kind,
    Role,
    Values,
    camel,
    coerce,
    computed,
    empty,
    optional,
    output,
    required,
    snake,
)
from sandbox.providers.notes import keep_notes, noted
from sandbox.providers.terraform import meta, ordered, shape, whole
from sandbox.providers.values import UNKNOWN, Unknown

__all__ = [
    "Bridged", "Field", "Kind", "Role", "Values", "camel", "coerce", "computed", "empty", "optional", "output",
    "required", "set_changes", "snake", "split_import",
]  # fmt: skip


class Bridged(Resource):
    """A resource described by `fields`. Subclasses talk to the API: `make`, `fetch`, `change`, `remove`."""

    terraform: ClassVar[str]  # "vultr_instance", for messages
    fields: ClassVar[Mapping[str, Field]]
    # Keys inside objects and lists of objects that the cloud fills in: no difference when the program has none.
    nested_computed: ClassVar[frozenset[str]] = frozenset()
    import_format: ClassVar[str] = "ID"
    # Bridged from Terraform's SDK v2 (docker, vultr); the plugin framework (cloudflare) has ways of its own.
    sdk_v2: ClassVar[bool] = True
    zero_defaults: ClassVar[bool] = True  # whether a default of false, 0 or "" becomes an input, too
    notes_shape: ClassVar[bool] = False  # whether the bridge is so new that it notes the state's shape
    timeouts: ClassVar[Mapping[str, int]] = {}  # seconds, by operation
    schema_version: ClassVar[int] = 0

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if "fields" in cls.__dict__:
            cls.secret_outputs = frozenset(name for name, field in cls.fields.items() if field.secret)
            cls.secret_inputs = frozenset(n for n in cls.secret_outputs if cls.fields[n].role != "output")
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

    def planned_extra(self, inputs: Values) -> Values:
        """What Terraform notes beside the plan of a create: inputs, by flat name, that it keeps in another form."""
        return {}

    def normal(self, name: str, value: Any, inputs: Values) -> Any:
        """A value as it is compared; both sides pass through here."""
        return value

    def decode(self, answer: Mapping[str, Any], known: Values) -> Values:
        """The API's object as outputs; what the API never tells is kept from `known`."""
        outputs: Values = {}
        for name, field in self.fields.items():
            wire = field.wire or snake(name)
            value = answer.get(wire) if wire != "-" else None
            outputs[name] = known.get(name) if value is None and wire not in answer else value
        return {name: value for name, value in outputs.items() if value is not None}

    # -- check and diff ---------------------------------------------------------------------------------------

    def check(self, ctx: Context, olds: Values, news: Values) -> tuple[Values, list[CheckFailure]]:
        inputs, failures = checked(self.fields, self.terraform, self.zero_defaults, ctx, olds, news)
        failures = failures or self.validate(inputs)
        return noted(self.fields, inputs, news) if self.sdk_v2 else inputs, failures

    def diff(self, ctx: Context, id: str, old_inputs: Values, old_outputs: Values, news: Values) -> Diff:
        left: Values = {}
        right: Values = {}
        sets: dict[str, Change] = {}
        for name, field in self.fields.items():
            if field.role == "output":
                continue
            new = self._comparable(name, news.get(name), news)
            old = self._comparable(name, old_outputs.get(name), news)
            if empty(new) and (empty(old) or field.if_given or (field.role == "computed" and not self._emptied(new))):
                continue
            if self._alike(field, old, new):
                continue
            if field.unordered and isinstance(old, list) and isinstance(new, list) and old and new:
                sets.update(set_changes(name, old, new))
            else:
                left[name], right[name] = or_none(self.project(old, new)), or_none(new)
        diff = diff_values(left, right, self.replace_on)
        diff.detailed.update(sets)
        diff.replaces += [path for path in sets if top(path) in self.replace_on]
        diff.delete_before_replace = self.delete_first(diff, news)
        if self.sdk_v2:
            diff.stables = sorted(self.replace_on - {top(path) for path in diff.detailed})
        return diff

    def _emptied(self, new: Any) -> bool:
        """Whether the program says that a list has nothing, which is more than to say nothing of it. Not recorded:
        pulumi-terraform-bridge's own tests (TestSDKv2DetailedDiffSetComputedAttribute, changed_null_to_empty)."""
        return self.sdk_v2 and new == []

    def _alike(self, field: Field, old: Any, new: Any) -> bool:
        if field.ignore_case and isinstance(old, str) and isinstance(new, str):
            return old.lower() == new.lower()
        if field.any_order and isinstance(old, list) and isinstance(new, list):
            return bag(old) == bag(new)
        return False

    def delete_first(self, diff: Diff, news: Values) -> bool:
        """Whether a replacement must delete first: the bridge does so when an automatic name was given by hand and
        stays, since the cloud may refuse two of one name."""
        return any(
            field.autoname and name not in diff.detailed and not re.search("-[0-9a-f]{7}$", str(news.get(name)))
            for name, field in self.fields.items()
        )

    def _comparable(self, name: str, value: Any, inputs: Values) -> Any:
        value = ordered(self.fields[name], value) if self.sdk_v2 else value
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

    # -- life: what a subclass did, in the form of Terraform's state --------------------------------------------

    def preview(self, ctx: Context, inputs: Values) -> Values:
        planned = {}
        for name, field in self.fields.items():
            if name in inputs:
                planned[name] = whole(field, inputs[name], False)
            elif field.default is None and field.role in ("output", "computed"):
                planned[name] = UNKNOWN
            else:
                planned[name] = self._unset(field)
        return self._state(planned, UNKNOWN, self._meta({"create": ctx.timeout}, self.planned_extra(inputs)))

    def preview_update(self, ctx: Context, id: str, old_outputs: Values, inputs: Values) -> Values:
        planned = {}
        for name, field in self.fields.items():
            if field.role == "output":
                planned[name] = UNKNOWN if field.volatile else old_outputs.get(name)
            else:
                planned[name] = self._after(name, field, old_outputs.get(name), inputs.get(name), inputs)
        return self._state(planned, id, self._meta({"update": ctx.timeout}, {}))

    def create(self, ctx: Context, inputs: Values, timeout: float) -> tuple[str, Values]:
        try:
            id, made = self.make(ctx, inputs, timeout)
        except PartialError as error:
            raise PartialError(error.id, self._made(error.id, error.outputs, inputs, timeout), str(error)) from error
        return id, self._made(id, made, inputs, timeout)

    def _made(self, id: str, made: Values, inputs: Values, timeout: float) -> Values:
        """The state after a create: what the program gave stays as it spelt it, where the cloud means the same."""
        outputs = {}
        for name, field in self.fields.items():
            value, given = made.get(name), inputs.get(name)
            if given is not None and self._same(name, value, given, inputs):
                value = given
            if value is None or (field.role == "optional" and given is None and value in ([], {})):
                value = self._unset(field)
            outputs[name] = whole(
                field, value, given is None and field.unordered
            )  # a set that the cloud filled was read
        return self._state(outputs, id, self._meta({"create": timeout}))

    def update(self, ctx: Context, id: str, old_outputs: Values, inputs: Values, timeout: float) -> Values:
        now = self.change(ctx, id, old_outputs, inputs, timeout)
        outputs = {
            name: now.get(name)
            if field.role == "output"
            else self._after(name, field, old_outputs.get(name), now.get(name), inputs)
            for name, field in self.fields.items()
        }
        return self._state(outputs, id, self._meta({"update": timeout}))

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
        found = {name: whole(field, now.get(name), True) for name, field in self.fields.items()}
        inputs = self.inputs_from(now, None if importing else inputs)
        if self.sdk_v2:
            inputs = noted(self.fields, inputs, inputs) if importing else keep_notes(inputs, ctx.raw_inputs)
        return id, self._state(found, id, ctx.meta or self._meta({})), inputs

    def _unset(self, field: Field) -> Any:
        if field.default is not None:
            return field.default
        blocks = field.parts is not None or field.role == "computed"
        return [] if blocks and field.kind == "list" else None

    def _after(self, name: str, field: Field, before: Any, now: Any, inputs: Values) -> Any:
        """A property after an update: what did not change stays as the state spelt it."""
        if now is None and (field.role == "computed" or field.if_given):
            return before
        if empty(now):
            return before if empty(before) and before is not None else whole(field, self._unset(field), False)
        if self._same(name, before, now, inputs):
            return before
        return whole(field, now, False)

    def _state(self, values: Values, id: Any, private: str | None) -> Values:
        found = {**values, "id": id, **({"__meta": private} if private else {})}
        if self.notes_shape and not isinstance(id, Unknown):
            found["__pulumi_raw_state_delta"] = shape(self.fields, values)
        return found

    def _meta(self, asked: Mapping[str, float], planned: Values | None = None) -> str | None:
        if not self.sdk_v2:
            return None
        known = {name: int(asked.get(name) or seconds) for name, seconds in self.timeouts.items()}
        return meta(known, self.schema_version, planned)

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
            return bag(now) == bag(before)
        return self._alike(field, now, before) or bool(now == before)
