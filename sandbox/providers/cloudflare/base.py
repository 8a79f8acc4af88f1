"""What Cloudflare's resources share: POST, GET, PUT, DELETE on a path; a 404 on read means that it is gone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from sandbox.providers.bridge import Bridged, Values, snake
from sandbox.providers.bridge_http import ApiError
from sandbox.providers.cloudflare.wire import to_program, to_wire
from sandbox.providers.contract import Context, ProviderError


class CloudResource(Bridged):
    what: ClassVar[str]  # for messages
    update_method: ClassVar[str] = "PUT"
    sdk_v2 = False

    def path(self, values: Values) -> str:
        """The collection's path, from inputs or state."""
        raise NotImplementedError

    def one(self, id: str, values: Values) -> str:
        return f"{self.path(values)}/{id}"

    def body(self, inputs: Values) -> Values:
        return {
            field.wire or snake(name): to_wire(inputs[name]) if field.kind != "any" else inputs[name]
            for name, field in self.fields.items()
            if field.role != "output" and field.wire != "-" and inputs.get(name) is not None
        }

    def decode(self, answer: Mapping[str, Any], known: Values) -> Values:
        outputs = super().decode(answer, known)
        return {
            name: to_program(value) if self.fields[name].kind in ("object", "list") else value
            for name, value in outputs.items()
        }

    def make(self, ctx: Context, inputs: Values, timeout: float) -> tuple[str, Values]:
        made = self.call(ctx, "create", "POST", self.path(inputs), self.body(inputs))
        return str(made["id"]), self.decode(made, inputs)

    def fetch(self, ctx: Context, id: str, known: Values) -> Values | None:
        try:
            found = ctx.provider.api.result("GET", self.one(id, known))
        except ApiError as error:
            if error.status == 404:
                return None
            raise ProviderError(f"failed to read {self.what} {id}: {error}") from None
        return self.decode(found, known)

    def change(self, ctx: Context, id: str, old: Values, inputs: Values, timeout: float) -> Values:
        now = self.call(ctx, f"update {id}", self.update_method, self.one(id, inputs), self.body(inputs))
        return self.decode(now, {**old, **inputs})

    def remove(self, ctx: Context, id: str, old: Values, timeout: float) -> None:
        self.call(ctx, f"delete {id}", "DELETE", self.one(id, old))

    def call(self, ctx: Context, doing: str, method: str, path: str, body: Any = None) -> Any:
        try:
            return ctx.provider.api.result(method, path, body)
        except ApiError as error:
            hint = ""
            if error.status == 404 and method != "POST":
                hint = ". If it was removed outside Pulumi: run `pulumi refresh` first"
            raise ProviderError(f"failed to {doing} ({self.what}): {error}{hint}") from None
