"""vultr:index/blockStorage:BlockStorage. Source: terraform-provider-vultr, resource_vultr_block_storage.go."""

from __future__ import annotations

from typing import ClassVar

from sandbox.providers.bridge import Bridged, Field, Values, computed, optional, output, required
from sandbox.providers.bridge_http import ApiError
from sandbox.providers.contract import Context, PartialError, ProviderError
from sandbox.providers.vultr.client import VultrApi, wait_for, without_empty

_GONE = "Invalid block storage ID"


class BlockStorage(Bridged):
    token = "vultr:index/blockStorage:BlockStorage"  # noqa: S105 - a type token
    terraform = "vultr_block_storage"
    fields: ClassVar[dict[str, Field]] = {
        "region": required(replace=True, ignore_case=True),
        "sizeGb": required("int"),
        # Not computed in 2.27.1: read back and compared, so a program that does not declare it detaches.
        "attachedToInstance": optional(),
        "blockType": computed(replace=True, choices=("storage_opt", "high_perf")),
        "label": optional(),
        "live": optional("bool", default=False, wire="-"),
        "cost": output("float"),
        "dateCreated": output(),
        "mountId": output(),
        "status": output(),
    }

    def make(self, ctx: Context, inputs: Values, timeout: float) -> tuple[str, Values]:
        api: VultrApi = ctx.provider.api
        body = without_empty(
            {
                "region": inputs["region"],
                "size_gb": inputs["sizeGb"],
                "label": inputs.get("label"),
                "block_type": inputs.get("blockType"),
            }
        )
        try:
            made = api.call("POST", "blocks", body)["block"]
        except ApiError as error:
            raise ProviderError(f"error creating block storage: {error}") from None
        id = str(made["id"])
        try:
            wait_for(
                ctx, f"block storage {id}", lambda: api.call("GET", f"blocks/{id}")["block"].get("status"),
                "active", ("pending",), timeout,
            )  # fmt: skip
            if inputs.get("attachedToInstance"):
                self._attach(api, id, inputs)
            now = self.fetch(ctx, id, inputs)
        except ProviderError as error:
            raise PartialError(id, self.decode(made, inputs), f"block storage {id} was made, but: {error}") from None
        return id, now or self.decode(made, inputs)

    def fetch(self, ctx: Context, id: str, known: Values) -> Values | None:
        try:
            block = ctx.provider.api.call("GET", f"blocks/{id}")["block"]
        except ApiError as error:
            if _GONE in error.body:
                return None
            raise ProviderError(f"error getting block storage {id}: {error}") from None
        return self.decode(block, known)

    def change(self, ctx: Context, id: str, old: Values, inputs: Values, timeout: float) -> Values:
        api: VultrApi = ctx.provider.api
        body: Values = {}
        if (inputs.get("label") or "") != (old.get("label") or ""):
            body["label"] = inputs.get("label") or ""
        if inputs["sizeGb"] != old.get("sizeGb"):
            body["size_gb"] = inputs["sizeGb"]
        before, after = old.get("attachedToInstance") or "", inputs.get("attachedToInstance") or ""
        try:
            if body:
                api.call("PATCH", f"blocks/{id}", body)
            if before != after:
                # Its instance may have been destroyed since: then it is detached already.
                if before and api.call("GET", f"blocks/{id}")["block"].get("attached_to_instance"):
                    api.call("POST", f"blocks/{id}/detach", {"live": bool(inputs.get("live"))})
                if after:
                    self._attach(api, id, inputs)
        except ApiError as error:
            raise ProviderError(f"error updating block storage {id}: {error}") from None
        now = self.fetch(ctx, id, {**old, "live": inputs.get("live")})
        if now is None:
            raise ProviderError(f"block storage {id} is gone: run `pulumi refresh`, then `pulumi up`")
        return now

    def _attach(self, api: VultrApi, id: str, inputs: Values) -> None:
        body = {"instance_id": inputs["attachedToInstance"], "live": bool(inputs.get("live"))}
        try:
            api.call("POST", f"blocks/{id}/attach", body)
        except ApiError as error:
            raise ProviderError(f"error attaching block storage ({id}): {error}") from None

    def remove(self, ctx: Context, id: str, old: Values, timeout: float) -> None:
        try:
            ctx.provider.api.call("DELETE", f"blocks/{id}")
        except ApiError as error:
            hint = ". It is gone already: run `pulumi refresh` first" if _GONE in error.body else ""
            raise ProviderError(f"error deleting block storage ({id}): {error}{hint}") from None
