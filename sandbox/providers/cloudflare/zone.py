"""Zones, their settings, and authenticated origin pulls.

Source: terraform-provider-cloudflare 5.x, internal/services/{zone,zone_setting,authenticated_origin_pulls*}.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sandbox.providers.bridge import Field, Values, computed, output, required, split_import
from sandbox.providers.bridge_http import ApiError
from sandbox.providers.cloudflare.base import CloudResource
from sandbox.providers.contract import CheckFailure, Context, ProviderError
from sandbox.providers.values import has_unknown

_STAYS = "Cloudflare keeps it as it is: %s is only forgotten by Pulumi. Reset it by hand if you want it otherwise."


class Zone(CloudResource):
    token = "cloudflare:index/zone:Zone"  # noqa: S105 - a type token
    terraform = "cloudflare_zone"
    what = "zone"
    update_method = "PATCH"
    fields: ClassVar[dict[str, Field]] = {
        "account": required("object", replace=True),
        "name": required(replace=True, ignore_case=True),
        "paused": computed("bool"),
        "type": computed(choices=("full", "partial", "secondary", "internal")),
        "vanityNameServers": computed("list", unordered=True),
        "activatedOn": output(),
        "cnameSuffix": output(),
        "createdOn": output(),
        "developmentMode": output("float"),
        "meta": output("object"),
        "modifiedOn": output(volatile=True),
        "nameServers": output("list"),
        "originalDnshost": output(),
        "originalNameServers": output("list"),
        "originalRegistrar": output(),
        "owner": output("object"),
        "permissions": output("list"),
        "plan": output("object"),
        "status": output(),
        "tenant": output("object"),
        "tenantUnit": output("object"),
        "verificationKey": output(),
    }
    nested_computed = frozenset({"name"})  # of the account

    def path(self, values: Values) -> str:
        return "zones"

    def body(self, inputs: Values) -> Values:
        body = super().body(inputs)
        body.pop("paused", None)  # a new zone cannot be paused (API schema)
        return body

    def make(self, ctx: Context, inputs: Values, timeout: float) -> tuple[str, Values]:
        id, outputs = super().make(ctx, inputs, timeout)
        if inputs.get("paused"):
            outputs = self.change(ctx, id, outputs, inputs, timeout)
        return id, outputs

    def change(self, ctx: Context, id: str, old: Values, inputs: Values, timeout: float) -> Values:
        names = {"paused": "paused", "type": "type", "vanityNameServers": "vanity_name_servers"}
        # The API takes one change a request.
        for name, wire in names.items():
            if name in inputs and inputs[name] != old.get(name):
                self.call(ctx, f"update {id}", "PATCH", f"zones/{id}", {wire: inputs[name]})
        now = self.fetch(ctx, id, {**old, **inputs})
        if now is None:
            raise ProviderError(f"zone {id} is gone: run `pulumi refresh`, then `pulumi up`")
        return now


class ZoneSetting(CloudResource):
    token = "cloudflare:index/zoneSetting:ZoneSetting"  # noqa: S105 - a type token
    terraform = "cloudflare_zone_setting"
    what = "zone setting"
    update_method = "PATCH"
    fields: ClassVar[dict[str, Field]] = {
        "zoneId": required(replace=True, wire="-"),
        "settingId": required(replace=True, wire="-"),
        "value": required("any"),
        "enabled": computed("bool"),
        "editable": output("bool"),
        "modifiedOn": output(volatile=True),
        "timeRemaining": output("float"),
    }

    def path(self, values: Values) -> str:
        return f"zones/{values['zoneId']}/settings"

    def import_id(self, ctx: Context, id: str) -> tuple[str, Values]:
        zone, setting = split_import(id, "/", 2, "<zone_id>/<setting_id>")
        return setting, {"zoneId": zone, "settingId": setting}

    def project(self, old: Any, new: Any) -> Any:
        """An object's value (`security_header`) comes back with keys the program never spoke of."""
        if isinstance(old, dict) and isinstance(new, dict):
            return {key: self.project(old[key], item) for key, item in new.items() if key in old}
        return old

    def normal(self, name: str, value: Any, inputs: Values) -> Any:
        # Settings that are numbers are often written as texts in programs and configuration.
        return str(value) if name == "value" and isinstance(value, int) and not isinstance(value, bool) else value

    def make(self, ctx: Context, inputs: Values, timeout: float) -> tuple[str, Values]:
        id = str(inputs["settingId"])
        return id, self.change(ctx, id, {}, inputs, timeout)

    def remove(self, ctx: Context, id: str, old: Values, timeout: float) -> None:
        ctx.log(_STAYS % f"the setting {id}")


class AuthenticatedOriginPullsSettings(CloudResource):
    token = "cloudflare:index/authenticatedOriginPullsSettings:AuthenticatedOriginPullsSettings"  # noqa: S105 - a type token
    terraform = "cloudflare_authenticated_origin_pulls_settings"
    what = "authenticated origin pulls of the zone"
    fields: ClassVar[dict[str, Field]] = {
        "zoneId": required(replace=True, wire="-"),
        "enabled": required("bool"),
    }

    def path(self, values: Values) -> str:
        return f"zones/{values['zoneId']}/origin_tls_client_auth/settings"

    def one(self, id: str, values: Values) -> str:
        return self.path(values)

    def import_id(self, ctx: Context, id: str) -> tuple[str, Values]:
        return id, {"zoneId": id}

    def make(self, ctx: Context, inputs: Values, timeout: float) -> tuple[str, Values]:
        id = str(inputs["zoneId"])
        return id, self.change(ctx, id, {}, inputs, timeout)

    def remove(self, ctx: Context, id: str, old: Values, timeout: float) -> None:
        ctx.log(_STAYS % "authenticated origin pulls")


class AuthenticatedOriginPulls(CloudResource):
    """One host name's own client certificate: exactly one element in `configs`."""

    token = "cloudflare:index/authenticatedOriginPulls:AuthenticatedOriginPulls"  # noqa: S105 - a type token
    terraform = "cloudflare_authenticated_origin_pulls"
    what = "authenticated origin pulls of a host name"
    fields: ClassVar[dict[str, Field]] = {
        "zoneId": required(replace=True, wire="-"),
        "configs": required("list", wire="-"),  # the official plugin does not refresh it either
        "certId": output(),
        "certStatus": output(),
        "certUpdatedAt": output(),
        "certUploadedOn": output(),
        "certificate": output(),
        "createdAt": output(),
        "enabled": output("bool", volatile=True),
        "expiresOn": output(),
        "hostname": output(),
        "issuer": output(),
        "privateKey": output(secret=True, wire="-"),
        "serialNumber": output(),
        "signature": output(),
        "status": output(),
        "updatedAt": output(volatile=True),
    }

    def path(self, values: Values) -> str:
        return f"zones/{values['zoneId']}/origin_tls_client_auth/hostnames"

    def import_id(self, ctx: Context, id: str) -> tuple[str, Values]:
        zone, name = split_import(id, "/", 2, "<zone_id>/<hostname>")
        return name, {"zoneId": zone}

    def validate(self, inputs: Values) -> list[CheckFailure]:
        configs = inputs.get("configs")
        if has_unknown(configs) or not isinstance(configs, list):
            return []
        if len(configs) != 1 or not configs[0].get("hostname"):
            return [CheckFailure("configs", "configs must contain exactly one hostname association, with its hostname")]
        return []

    def make(self, ctx: Context, inputs: Values, timeout: float) -> tuple[str, Values]:
        name = str(inputs["configs"][0]["hostname"])
        return name, self.change(ctx, name, {}, inputs, timeout)

    def change(self, ctx: Context, id: str, old: Values, inputs: Values, timeout: float) -> Values:
        one = inputs["configs"][0]
        return self._put(ctx, one["hostname"], one.get("certId"), one.get("enabled"), inputs)

    def _put(self, ctx: Context, hostname: str, cert: Any, enabled: Any, values: Values) -> Values:
        config = {"hostname": hostname, "cert_id": cert, "enabled": enabled}
        answer = self.call(ctx, f"set {hostname}", "PUT", self.path(values), {"config": [config]})
        found = [item for item in answer or [] if item.get("hostname") == hostname]
        return self.decode(found[0] if found else {"hostname": hostname}, values)

    def remove(self, ctx: Context, id: str, old: Values, timeout: float) -> None:
        try:  # `enabled: null` voids the association (Cloudflare's documentation, AOP roll-back)
            self._put(ctx, id, old.get("certId") or old["configs"][0].get("certId"), None, old)
        except ApiError as error:
            raise ProviderError(f"failed to void {id}: {error}") from None
