"""Vultr's resources that one request makes: keys, scripts, firewall groups and rules, reserved IPs.

Source: terraform-provider-vultr, resource_vultr_{ssh_key,startup_script,firewall_group,firewall_rule,reserved_ip}.go.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
from typing import ClassVar

from sandbox.providers.bridge import Bridged, Field, Values, computed, optional, output, required, snake, split_import
from sandbox.providers.bridge_http import ApiError
from sandbox.providers.contract import CheckFailure, Context, PartialError, ProviderError
from sandbox.providers.vultr.client import without_empty


class Plain(Bridged):
    """Create is POST, read is GET, update is `update_method`, delete is DELETE; all inputs are sent."""

    path: ClassVar[str]  # "ssh-keys"
    envelope: ClassVar[str]  # "ssh_key"
    gone: ClassVar[str]  # the text in an error's body that means: no such thing
    update_method: ClassVar[str] = "PATCH"
    what: ClassVar[str]  # for messages

    def body(self, inputs: Values) -> Values:
        return {
            field.wire or snake(name): inputs.get(name, "")
            for name, field in self.fields.items()
            if field.role != "output" and field.wire != "-"
        }

    def changeable(self, inputs: Values) -> Values:
        """What an update sends."""
        return self.body(inputs)

    def make(self, ctx: Context, inputs: Values, timeout: float) -> tuple[str, Values]:
        try:
            made = ctx.provider.api.call("POST", self.path, without_empty(self.body(inputs)))[self.envelope]
        except ApiError as error:
            raise ProviderError(f"error creating {self.what}: {error}") from None
        return str(made["id"]), self.decode(made, inputs)

    def fetch(self, ctx: Context, id: str, known: Values) -> Values | None:
        try:
            found = ctx.provider.api.call("GET", f"{self.path}/{id}")[self.envelope]
        except ApiError as error:
            if self.gone in error.body:
                return None
            raise ProviderError(f"error getting {self.what} {id}: {error}") from None
        return self.decode(found, known)

    def change(self, ctx: Context, id: str, old: Values, inputs: Values, timeout: float) -> Values:
        try:
            ctx.provider.api.call(self.update_method, f"{self.path}/{id}", self.changeable(inputs))
        except ApiError as error:
            raise ProviderError(f"error updating {self.what} {id}: {error}") from None
        now = self.fetch(ctx, id, {**old, **inputs})
        if now is None:
            raise ProviderError(f"{self.what} {id} is gone: run `pulumi refresh`, then `pulumi up`")
        return now

    def remove(self, ctx: Context, id: str, old: Values, timeout: float) -> None:
        try:
            ctx.provider.api.call("DELETE", f"{self.path}/{id}")
        except ApiError as error:
            raise self.not_deleted(id, error) from None

    def not_deleted(self, id: str, error: ApiError) -> ProviderError:
        """The official plugin fails as well when the thing is gone already."""
        hint = ". It is gone already: run `pulumi refresh` first" if self.gone in error.body else ""
        return ProviderError(f"error destroying {self.what} {id}: {error}{hint}")


class SSHKey(Plain):
    token = "vultr:index/sSHKey:SSHKey"  # noqa: S105 - a type token
    terraform = "vultr_ssh_key"
    path, envelope, gone, what = "ssh-keys", "ssh_key", "Invalid ssh key", "SSH key"
    fields: ClassVar[dict[str, Field]] = {
        "name": required(autoname=True),
        "sshKey": required(),
        "dateCreated": output(),
    }


class StartupScript(Plain):
    token = "vultr:index/startupScript:StartupScript"  # noqa: S105 - a type token
    terraform = "vultr_startup_script"
    path, envelope, gone, what = "startup-scripts", "startup_script", "Invalid startup script ID", "startup script"
    fields: ClassVar[dict[str, Field]] = {
        "name": required(autoname=True),
        "script": required(),
        "type": optional(default="boot", choices=("boot", "pxe"), replace=True),
        "dateCreated": output(),
        "dateModified": output(),
    }

    def validate(self, inputs: Values) -> list[CheckFailure]:
        script = inputs.get("script")
        if isinstance(script, str):
            try:
                base64.b64decode(script, validate=True)
            except (binascii.Error, ValueError):
                return [CheckFailure("script", "expected script to be a base64 string: encode it first")]
        return []


class FirewallGroup(Plain):
    token = "vultr:index/firewallGroup:FirewallGroup"  # noqa: S105 - a type token
    terraform = "vultr_firewall_group"
    path, envelope, gone, what = "firewalls", "firewall_group", '"status":404', "firewall group"
    update_method = "PUT"
    fields: ClassVar[dict[str, Field]] = {
        "description": optional(),
        "dateCreated": output(),
        "dateModified": output(),
        "instanceCount": output("int"),
        "maxRuleCount": output("int"),
        "ruleCount": output("int"),
    }


class FirewallRule(Plain):
    token = "vultr:index/firewallRule:FirewallRule"  # noqa: S105 - a type token
    terraform = "vultr_firewall_rule"
    envelope, gone, what = "firewall_rule", "Firewall rule ID not found", "firewall rule"
    fields: ClassVar[dict[str, Field]] = {
        "firewallGroupId": required(replace=True, wire="-"),
        "ipType": required(replace=True, choices=("v4", "v6")),
        "protocol": required(replace=True, choices=("icmp", "tcp", "udp", "gre", "ah", "esp")),
        "subnet": required(replace=True, ignore_case=True),
        "subnetSize": required("int", replace=True),
        "port": optional(replace=True),
        "source": optional(default="", replace=True, choices=("", "cloudflare")),
        "notes": optional(replace=True),
    }

    def validate(self, inputs: Values) -> list[CheckFailure]:
        subnet = inputs.get("subnet")
        if isinstance(subnet, str):
            try:
                ipaddress.ip_address(subnet)
            except ValueError:
                return [CheckFailure("subnet", f"expected subnet to contain a valid IP, got: {subnet}")]
        return []

    def import_id(self, ctx: Context, id: str) -> tuple[str, Values]:
        group, rule = split_import(id, ",", 2, '"firewallGroupID,firewallRuleID"')
        return rule, {"firewallGroupId": group}

    def make(self, ctx: Context, inputs: Values, timeout: float) -> tuple[str, Values]:
        path = f"firewalls/{inputs['firewallGroupId']}/rules"
        try:
            made = ctx.provider.api.call("POST", path, {"subnet_size": 0, **without_empty(self.body(inputs))})[
                self.envelope
            ]
        except ApiError as error:
            raise ProviderError(f"error creating firewall rule: {error}") from None
        return str(made["id"]), self.decode(made, inputs)

    def fetch(self, ctx: Context, id: str, known: Values) -> Values | None:
        group = known.get("firewallGroupId")
        if not group:
            raise ProviderError(f'firewall rule {id}: its import ID is "firewallGroupID,firewallRuleID"')
        try:
            found = ctx.provider.api.call("GET", f"firewalls/{group}/rules/{id}")[self.envelope]
        except ApiError as error:
            if self.gone in error.body:
                return None
            raise ProviderError(f"error getting firewall rule {id} of {group}: {error}") from None
        found.setdefault("ip_type", found.get("type"))
        return self.decode(found, known)

    def remove(self, ctx: Context, id: str, old: Values, timeout: float) -> None:
        try:
            ctx.provider.api.call("DELETE", f"firewalls/{old['firewallGroupId']}/rules/{id}")
        except ApiError as error:
            raise self.not_deleted(id, error) from None


class ReservedIp(Plain):
    token = "vultr:index/reservedIp:ReservedIp"  # noqa: S105 - a type token
    terraform = "vultr_reserved_ip"
    path, envelope, gone, what = "reserved-ips", "reserved_ip", "Invalid reserved-ip ID", "reserved IP"
    fields: ClassVar[dict[str, Field]] = {
        "region": required(replace=True, ignore_case=True),
        "ipType": required(replace=True, choices=("v4", "v6")),
        "label": optional(),
        "instanceId": computed(),
        "subnet": output(),
        "subnetSize": output("int"),
    }

    def make(self, ctx: Context, inputs: Values, timeout: float) -> tuple[str, Values]:
        id, outputs = super().make(ctx, {k: v for k, v in inputs.items() if k != "instanceId"}, timeout)
        if inputs.get("instanceId"):
            try:
                ctx.provider.api.call("POST", f"reserved-ips/{id}/attach", {"instance_id": inputs["instanceId"]})
            except ApiError as error:
                raise PartialError(id, outputs, f"error attaching reserved IP {id}: {error}") from None
            outputs = self.fetch(ctx, id, outputs) or outputs
        return id, outputs

    def change(self, ctx: Context, id: str, old: Values, inputs: Values, timeout: float) -> Values:
        api = ctx.provider.api
        before, after = old.get("instanceId") or "", inputs.get("instanceId", old.get("instanceId")) or ""
        try:
            if before != after:
                if before:
                    api.call("POST", f"reserved-ips/{id}/detach")
                if after:
                    api.call("POST", f"reserved-ips/{id}/attach", {"instance_id": after})
            if (inputs.get("label") or "") != (old.get("label") or ""):
                api.call("PATCH", f"reserved-ips/{id}", {"label": inputs.get("label") or ""})
        except ApiError as error:
            raise ProviderError(f"error updating reserved IP {id}: {error}") from None
        now = self.fetch(ctx, id, old)
        if now is None:
            raise ProviderError(f"reserved IP {id} is gone: run `pulumi refresh`, then `pulumi up`")
        return now
