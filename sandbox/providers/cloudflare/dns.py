"""cloudflare:index/dnsRecord:DnsRecord. Source: terraform-provider-cloudflare 5.x, internal/services/dns_record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from sandbox.providers.bridge import Field, Values, computed, optional, output, required, split_import
from sandbox.providers.cloudflare.base import CloudResource
from sandbox.providers.cloudflare.wire import quoted, unquoted
from sandbox.providers.contract import Context, Diff, ProviderError
from sandbox.providers.values import Unknown

_CNAME_SETTINGS = {"flattenCname": False, "ipv4Only": False, "ipv6Only": False}


class DnsRecord(CloudResource):
    token = "cloudflare:index/dnsRecord:DnsRecord"  # noqa: S105 - a type token
    terraform = "cloudflare_dns_record"
    what = "DNS record"
    fields: ClassVar[dict[str, Field]] = {
        "zoneId": required(replace=True, wire="-"),
        "name": required(),
        "type": required(replace=True),
        "ttl": required("float"),
        "comment": optional(),
        "content": computed(),
        "data": computed("object"),
        "includeShadowMetadata": optional("bool", wire="-"),
        "priority": optional("float"),
        "privateRouting": computed("bool"),
        "proxied": optional("bool"),
        "settings": computed("object"),
        "tags": computed("list", unordered=True),
        "commentModifiedOn": output(),
        "createdOn": output(),
        "meta": output(),
        "modifiedOn": output(volatile=True),
        "proxiable": output("bool"),
        "tagsModifiedOn": output(),
    }
    nested_computed = frozenset(_CNAME_SETTINGS)

    def path(self, values: Values) -> str:
        return f"zones/{values['zoneId']}/dns_records"

    def import_id(self, ctx: Context, id: str) -> tuple[str, Values]:
        zone, record = split_import(id, "/", 2, "<zone_id>/<dns_record_id>")
        return record, {"zoneId": zone}

    def body(self, inputs: Values) -> Values:
        body = super().body(inputs)
        if str(inputs["type"]).upper() == "TXT" and body.get("content"):
            body["content"] = quoted(body["content"])
        return body

    def decode(self, answer: Mapping[str, Any], known: Values) -> Values:
        outputs = super().decode(answer, known)
        if "meta" in outputs:  # the SDK has it as JSON text
            outputs["meta"] = json.dumps(outputs["meta"], separators=(",", ":"), sort_keys=True)
        if outputs.get("type") == "CNAME":
            outputs["settings"] = {**_CNAME_SETTINGS, **(outputs.get("settings") or {})}
        elif not outputs.get("settings"):
            outputs.pop("settings", None)
        if outputs.get("type") == "TXT":
            outputs["content"] = unquoted(outputs.get("content"))
        return outputs

    def make(self, ctx: Context, inputs: Values, timeout: float) -> tuple[str, Values]:
        if inputs.get("proxied") and inputs["ttl"] != 1:
            # Only Create says so in the official plugin: an update lets the API force 1, a difference for ever.
            raise ProviderError(
                "ttl must be set to 1 when `proxied` is true: When a DNS record is marked as `proxied` the TTL must "
                f"be 1 as Cloudflare will control the TTL internally ({inputs['name']} has ttl {inputs['ttl']})."
            )
        id, outputs = super().make(ctx, inputs, timeout)
        return id, self._spelt(ctx, outputs, inputs)

    def change(self, ctx: Context, id: str, old: Values, inputs: Values, timeout: float) -> Values:
        return self._spelt(ctx, super().change(ctx, id, old, inputs, timeout), inputs)

    def diff(self, ctx: Context, id: str, old_inputs: Values, old_outputs: Values, news: Values) -> Diff:
        return super().diff(ctx, id, old_inputs, self._spelt(ctx, old_outputs, news), news)

    def read(self, ctx: Context, id: str, inputs: Values, outputs: Values) -> tuple[str, Values, Values] | None:
        found = super().read(ctx, id, inputs, outputs)
        if found is None or not inputs:
            return found
        return found[0], found[1], self._spelt(ctx, found[2], inputs)

    def _spelt(self, ctx: Context, values: Values, like: Values) -> Values:
        """`values` with the name as the program spells it, when both mean the same: `www`, `@` and the full name."""
        now, wanted = values.get("name"), like.get("name")
        if not isinstance(now, str) or not isinstance(wanted, str) or not self._same_name(ctx, now, wanted, like):
            return values
        return {**values, "name": wanted}

    def _same_name(self, ctx: Context, now: str, wanted: str, values: Values) -> bool:
        now, wanted = now.rstrip(".").lower(), wanted.rstrip(".").lower()
        if now == wanted:
            return True
        if wanted != "@" and not now.startswith(wanted + "."):
            return False
        zone = values.get("zoneId")
        name = ctx.provider.zone_name(zone) if isinstance(zone, str) else ""
        if not name:  # as the official plugin where it does not know the zone
            return "." in now
        return now == (name if wanted == "@" else f"{wanted}.{name}")

    def normal(self, name: str, value: Any, inputs: Values) -> Any:
        kind = inputs.get("type")
        if name == "content" and isinstance(value, str) and not isinstance(kind, Unknown):
            if kind in ("CNAME", "NS", "PTR", "MX"):
                return value.lower()
            if kind == "TXT":
                return unquoted(value)
        return value
