"""vultr:index/instance:Instance. Source: terraform-provider-vultr, resource_vultr_instance.go (2.27.1)."""

from __future__ import annotations

import base64
import time
from typing import Any, ClassVar

from sandbox.providers.bridge import Bridged, Field, Values, computed, optional, output, required
from sandbox.providers.bridge_http import ApiError
from sandbox.providers.contract import CheckFailure, Context, PartialError, ProviderError
from sandbox.providers.values import Unknown
from sandbox.providers.vultr.client import VultrApi, wait_for, without_empty

_GONE = "invalid instance ID"
_RESERVED_IN_USE = "Floating IPv4 address is already attached to another server"
_IMAGES = ("osId", "appId", "imageId", "isoId", "snapshotId")


class Instance(Bridged):
    token = "vultr:index/instance:Instance"  # noqa: S105 - a type token
    terraform = "vultr_instance"
    fields: ClassVar[dict[str, Field]] = {
        "region": required(replace=True, ignore_case=True),
        "plan": required(),
        "activationEmail": optional("bool", wire="-"),
        "appId": computed("int", replace=True),
        "appVariables": optional("map", replace=True, wire="-"),
        "backups": optional(default="disabled", choices=("enabled", "disabled"), wire="-"),
        "backupsSchedule": optional("object", wire="-"),
        "ddosProtection": optional("bool", default=False, wire="-"),
        "disablePublicIpv4": optional("bool", replace=True, wire="-"),
        "enableIpv6": optional("bool", wire="-"),
        "firewallGroupId": computed(),
        "hostname": computed(replace=True),
        "imageId": computed(replace=True, wire="-"),
        "ipxeChainUrl": optional(replace=True, wire="-"),
        "isoId": optional(default="", wire="-"),
        "label": computed(wire="-"),  # 2.27.1 never reads it
        "osId": computed("int", replace=True),
        "reservedIpId": computed(replace=True, wire="-"),
        "scriptId": computed(replace=True, wire="-"),
        "snapshotId": computed(replace=True, wire="-"),
        "sshKeyIds": optional("list", replace=True, wire="-"),
        "tags": optional("list", unordered=True),
        "userData": computed(replace=True, wire="-"),
        "userScheme": optional(replace=True, default="root", choices=("root", "limited")),
        "vpc2Ids": optional("list", unordered=True, wire="-"),
        "vpcIds": computed("list", unordered=True, wire="-"),
        "allowedBandwidth": output("int"),
        "dateCreated": output(),
        "defaultPassword": output(secret=True),
        "disk": output("int"),
        "features": output("list"),
        "gatewayV4": output(),
        "internalIp": output(),
        "kvm": output(),
        "mainIp": output(),
        "netmaskV4": output(),
        "os": output(),
        "powerStatus": output(),
        "ram": output("int"),
        "serverStatus": output(),
        "status": output(),
        "v6MainIp": output(),
        "v6Network": output(),
        "v6NetworkSize": output("int"),
        "vcpuCount": output("int"),
    }
    nested_computed = frozenset({"hour", "dow", "dom"})
    timeouts: ClassVar[dict[str, int]] = {"create": 3600, "update": 3600}

    def validate(self, inputs: Values) -> list[CheckFailure]:
        tags = inputs.get("tags")
        if isinstance(tags, list) and any(not isinstance(tag, str | Unknown) for tag in tags):
            return [CheckFailure("tags", "tags must be texts")]
        return []

    def make(self, ctx: Context, inputs: Values, timeout: float) -> tuple[str, Values]:
        api: VultrApi = ctx.provider.api
        _check_backups(inputs)
        body = _create_body(inputs)
        instance = self._post(ctx, api, body, timeout)
        id = str(instance["id"])
        # The API says the password only now.
        known = {**inputs, "defaultPassword": instance.get("default_password")}
        try:
            self._wait(ctx, api, id, timeout)
            if inputs["backups"] == "enabled":
                api.call("POST", f"instances/{id}/backup-schedule", inputs["backupsSchedule"])
            now = self.fetch(ctx, id, known)
            if now is None:
                raise ProviderError(f"instance {id} vanished while it was being made: look at Vultr's console")
        except ProviderError as error:
            outputs = self.decode(instance, known)
            raise PartialError(id, outputs, f"instance {id} was made but is not ready: {error}") from None
        return id, now

    def _post(self, ctx: Context, api: VultrApi, body: Values, timeout: float) -> Values:
        deadline = time.monotonic() + (timeout or 3600) - 60
        said = False
        while True:
            try:
                return dict(api.call("POST", "instances", body)["instance"])
            except ApiError as error:
                # The official plugin retries this for an hour: the old instance may be on its way out.
                if _RESERVED_IN_USE not in error.body or time.monotonic() > deadline:
                    raise ProviderError(f"error creating server: {error}") from None
                if not said:
                    ctx.log(
                        f"waiting for the reserved IP: {error}. An instance that is being replaced holds it "
                        "until it is deleted: use delete_before_replace",
                        "warning",
                    )
                    said = True
                if ctx.cancelled.wait(3):
                    raise ProviderError(f"interrupted while waiting for the reserved IP: {error}") from None

    def _wait(self, ctx: Context, api: VultrApi, id: str, timeout: float) -> None:
        def get(name: str) -> Any:
            return api.call("GET", f"instances/{id}")["instance"].get(name)

        name = f"instance {id}"
        wait_for(ctx, name, lambda: get("status"), "active", ("pending", "installing"), timeout)
        wait_for(ctx, name, lambda: get("power_status"), "running", ("stopped",), timeout)

    def fetch(self, ctx: Context, id: str, known: Values) -> Values | None:
        api: VultrApi = ctx.provider.api
        try:
            instance = api.call("GET", f"instances/{id}")["instance"]
        except ApiError as error:
            if _GONE in error.body:
                return None
            raise ProviderError(f"error getting instance ({id}): {error}") from None
        outputs = self.decode(instance, known)
        schedule = api.call("GET", f"instances/{id}/backup-schedule").get("backup_schedule") or {}
        outputs["backups"] = "enabled" if schedule.get("enabled") else "disabled"
        outputs.pop("backupsSchedule", None)
        if schedule.get("enabled"):
            outputs["backupsSchedule"] = {
                key: schedule[key] for key in ("type", "hour", "dow", "dom") if schedule.get(key) is not None
            }
        attached = api.items(f"instances/{id}/vpcs", "vpcs") if known.get("vpcIds") else ()
        outputs["vpcIds"] = [vpc["id"] for vpc in attached]
        return outputs

    def change(self, ctx: Context, id: str, old: Values, inputs: Values, timeout: float) -> Values:
        api: VultrApi = ctx.provider.api
        _check_backups(inputs)
        new = {**{name: old.get(name) for name in ("label", "firewallGroupId")}, **inputs}
        # Both lists stand in every request: govultr sends them always.
        body: Values = {
            "label": new.get("label") or "",
            "firewall_group_id": new.get("firewallGroupId") or "",
            "enable_ipv6": bool(new.get("enableIpv6")),
        }
        if inputs["plan"] != old.get("plan"):
            body["plan"] = inputs["plan"]
        if bool(inputs.get("ddosProtection")) != bool(old.get("ddosProtection")):
            body["ddos_protection"] = bool(inputs.get("ddosProtection"))
        if inputs["backups"] != old.get("backups"):
            body["backups"] = inputs["backups"]
        if sorted(inputs.get("tags") or []) != sorted(old.get("tags") or []):
            body["tags"] = inputs.get("tags") or []
        if "vpcIds" in inputs:
            before, after = set(old.get("vpcIds") or []), set(inputs["vpcIds"] or [])
            body.update(without_empty({"attach_vpc": sorted(after - before), "detach_vpc": sorted(before - after)}))
        try:
            api.call("PATCH", f"instances/{id}", body)
            if (inputs.get("isoId") or "") != (old.get("isoId") or ""):
                action = "attach" if inputs.get("isoId") else "detach"
                api.call("POST", f"instances/{id}/iso/{action}", without_empty({"iso_id": inputs.get("isoId")}))
            if inputs["backups"] == "enabled" and inputs["backupsSchedule"] != old.get("backupsSchedule"):
                api.call("POST", f"instances/{id}/backup-schedule", inputs["backupsSchedule"])
        except ApiError as error:
            raise ProviderError(f"error updating instance {id}: {error}") from None
        if "plan" in body:
            wait_for(
                ctx, f"instance {id}'s plan",
                lambda: api.call("GET", f"instances/{id}")["instance"].get("plan"),
                inputs["plan"], None, timeout,
            )  # fmt: skip
        now = self.fetch(ctx, id, {**old, **self._told_by_program(inputs)})
        if now is None:
            raise ProviderError(f"instance {id} is gone: run `pulumi refresh`, then `pulumi up`")
        return now

    def _told_by_program(self, inputs: Values) -> Values:
        """Inputs that the API never tells: state holds what the program says."""
        return {
            name: inputs.get(name)
            for name, field in self.fields.items()
            if field.wire == "-" and (field.role == "optional" or name in inputs)
        }

    def remove(self, ctx: Context, id: str, old: Values, timeout: float) -> None:
        api: VultrApi = ctx.provider.api
        try:
            if old.get("vpcIds"):
                api.call("PATCH", f"instances/{id}", {"detach_vpc": old["vpcIds"]})
            if old.get("isoId"):
                api.call("POST", f"instances/{id}/iso/detach")
            api.call("DELETE", f"instances/{id}")
        except ApiError as error:
            hint = ". It is gone already: run `pulumi refresh` first" if _GONE in error.body else ""
            raise ProviderError(f"error destroying instance {id}: {error}{hint}") from None


def _check_backups(inputs: Values) -> None:
    if inputs.get("backups") == "enabled" and not inputs.get("backupsSchedule"):
        raise ProviderError("Backups are set to enabled please provide a backups_schedule")
    if inputs.get("backups") != "enabled" and inputs.get("backupsSchedule"):
        raise ProviderError("Backups are set to disabled please remove backups_schedule")


def _create_body(inputs: Values) -> Values:
    chosen = [name for name in _IMAGES if inputs.get(name)]
    if len(chosen) > 1:
        raise ProviderError(f"too many options have been selected : {', '.join(chosen)} : please select one")
    if not chosen:
        raise ProviderError("error occurred while getting your intended os type: give one of " + ", ".join(_IMAGES))
    user_data = str(inputs.get("userData") or "")
    return without_empty(
        {
            "region": inputs["region"],
            "plan": inputs["plan"],
            "os_id": inputs.get("osId"),
            "app_id": inputs.get("appId"),
            "image_id": inputs.get("imageId"),
            "iso_id": inputs.get("isoId"),
            "snapshot_id": inputs.get("snapshotId"),
            "label": inputs.get("label"),
            "hostname": inputs.get("hostname"),
            "backups": inputs["backups"],
            "user_data": base64.b64encode(user_data.encode()).decode(),
            "user_scheme": inputs.get("userScheme"),
            "script_id": inputs.get("scriptId"),
            "ipxe_chain_url": inputs.get("ipxeChainUrl"),
            "reserved_ipv4": inputs.get("reservedIpId"),
            "firewall_group_id": inputs.get("firewallGroupId"),
            "sshkey_id": inputs.get("sshKeyIds"),
            "tags": inputs.get("tags"),
            "attach_vpc": inputs.get("vpcIds"),
            "attach_vpc2": inputs.get("vpc2Ids"),
            "app_variables": inputs.get("appVariables"),
            "enable_ipv6": bool(inputs.get("enableIpv6")),
            "disable_public_ipv4": bool(inputs.get("disablePublicIpv4")),
            "ddos_protection": bool(inputs.get("ddosProtection")),
            "activation_email": bool(inputs.get("activationEmail")),
        }
    )
