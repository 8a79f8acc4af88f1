"""cloudflare:index/ruleset:Ruleset and originCaCertificate. Source: terraform-provider-cloudflare 5.x."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from sandbox.providers.bridge import Field, Values, computed, empty, optional, output, required, split_import
from sandbox.providers.cloudflare.base import CloudResource
from sandbox.providers.contract import CheckFailure, Context

# What Cloudflare fills in on each rule.
_RULE_COMPUTED = frozenset({"id", "ref", "version", "lastUpdated", "categories", "logging"})


class Ruleset(CloudResource):
    token = "cloudflare:index/ruleset:Ruleset"  # noqa: S105 - a type token
    terraform = "cloudflare_ruleset"
    what = "ruleset"
    fields: ClassVar[dict[str, Field]] = {
        "accountId": optional(replace=True, wire="-"),
        "zoneId": optional(replace=True, wire="-"),
        "kind": required(replace=True, choices=("managed", "custom", "root", "zone")),
        "name": required(replace=True),
        "phase": required(replace=True),
        "description": computed(),
        "rules": optional("list"),
        "lastUpdated": output(volatile=True),
        "version": output(volatile=True),
    }
    nested_computed = _RULE_COMPUTED

    def validate(self, inputs: Values) -> list[CheckFailure]:
        if empty(inputs.get("zoneId")) == empty(inputs.get("accountId")):
            return [CheckFailure("zoneId", "give either zoneId or accountId")]
        return []

    def path(self, values: Values) -> str:
        if values.get("zoneId"):
            return f"zones/{values['zoneId']}/rulesets"
        return f"accounts/{values['accountId']}/rulesets"

    def import_id(self, ctx: Context, id: str) -> tuple[str, Values]:
        wanted = "<{accounts|zones}/{account_id|zone_id}>/<ruleset_id>"
        scope, owner, ruleset = split_import(id, "/", 3, wanted)
        if scope not in ("zones", "accounts"):
            split_import("", "/", 3, wanted)
        return ruleset, {"zoneId" if scope == "zones" else "accountId": owner}

    def body(self, inputs: Values) -> Values:
        return {"rules": [], **super().body(inputs)}

    def change(self, ctx: Context, id: str, old: Values, inputs: Values, timeout: float) -> Values:
        known = {_key(rule): rule.get("ref") for rule in reversed(old.get("rules") or [])}
        rules = []
        for rule in inputs.get("rules") or []:
            # An unchanged rule keeps its id and its counters when its ref is sent along.
            ref = rule.get("ref") or known.pop(_key(rule), None)
            rules.append({**rule, "ref": ref} if ref else rule)
        return super().change(ctx, id, old, {**inputs, "rules": rules}, timeout)

    def decode(self, answer: Mapping[str, Any], known: Values) -> Values:
        outputs = super().decode(answer, known)
        outputs.setdefault("rules", [])
        return outputs

    def normal(self, name: str, value: Any, inputs: Values) -> Any:
        if name != "rules" or not isinstance(value, list):
            return value
        return [_rule(item) if isinstance(item, dict) else item for item in value]


def _rule(rule: Values) -> Values:
    """With the schema's defaults, so that a rule switched off outside is a difference."""
    return {"enabled": True, **{key: item for key, item in rule.items() if not empty(item) or item is False}}


def _key(rule: Values) -> str:
    kept = {key: item for key, item in _rule(rule).items() if key not in _RULE_COMPUTED}
    return json.dumps(kept, sort_keys=True, default=repr)


class OriginCaCertificate(CloudResource):
    """A certificate that Cloudflare's origin CA signs; nothing of it can change in place."""

    token = "cloudflare:index/originCaCertificate:OriginCaCertificate"  # noqa: S105 - a type token
    terraform = "cloudflare_origin_ca_certificate"
    what = "origin CA certificate"
    fields: ClassVar[dict[str, Field]] = {
        "csr": required(replace=True),
        "hostnames": required("list", replace=True, unordered=True),
        "requestType": required(replace=True, choices=("origin-rsa", "origin-ecc", "keyless-certificate")),
        "requestedValidity": computed("float", replace=True),
        "certificate": output(),
        "expiresOn": output(),
    }

    def path(self, values: Values) -> str:
        return "certificates"

    def normal(self, name: str, value: Any, inputs: Values) -> Any:
        return value.strip().replace("\r\n", "\n") if name == "csr" and isinstance(value, str) else value
