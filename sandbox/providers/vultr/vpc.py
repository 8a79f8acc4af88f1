"""vultr:index/vpc:Vpc. Source: terraform-provider-vultr 2.27.1, resource_vultr_vpc.go; govultr 3.22.1, vpc.go."""

from __future__ import annotations

import ipaddress
import time
from typing import ClassVar

from sandbox.providers.bridge import Field, Values, computed, optional, output, required
from sandbox.providers.bridge_http import ApiError
from sandbox.providers.contract import CheckFailure, Context, ProviderError
from sandbox.providers.vultr.simple import Plain

_IN_USE = "attached to this VPC network"
_LIMIT_S = 20 * 60.0  # Terraform's for a delete


class Vpc(Plain):
    token = "vultr:index/vpc:Vpc"  # noqa: S105 - a type token
    terraform = "vultr_vpc"
    path, envelope, gone, what = "vpcs", "vpc", "Invalid VPC ID", "VPC"
    update_method = "PUT"
    fields: ClassVar[dict[str, Field]] = {
        "region": required(replace=True, ignore_case=True),
        "description": optional(default=""),
        "v4Subnet": computed(replace=True),
        "v4SubnetMask": computed("int", replace=True),
        "dateCreated": output(),
    }

    def validate(self, inputs: Values) -> list[CheckFailure]:
        subnet = inputs.get("v4Subnet")
        if isinstance(subnet, str):
            try:
                ipaddress.IPv4Address(subnet)
            except ValueError:
                return [CheckFailure("v4Subnet", f"expected v4_subnet to contain a valid IPv4 address, got: {subnet}")]
        return []

    def changeable(self, inputs: Values) -> Values:
        return {"description": inputs.get("description") or ""}

    def remove(self, ctx: Context, id: str, old: Values, timeout: float) -> None:
        deadline = time.monotonic() + (timeout or _LIMIT_S) - 60  # the official plugin stops a minute before
        said = False
        while True:
            try:
                ctx.provider.api.call("DELETE", f"vpcs/{id}")
                return
            except ApiError as error:
                if _IN_USE not in error.body:
                    raise self.not_deleted(id, error) from None
                if time.monotonic() > deadline:
                    raise ProviderError(f"error destroying VPC ({id}): cannot remove attached VPC: {error}") from None
                if not said:
                    ctx.log(f"waiting until no instance is in the VPC: {error}", "warning")
                    said = True
                if ctx.cancelled.wait(3):
                    raise ProviderError(f"interrupted while waiting to delete VPC {id}: {error}") from None
